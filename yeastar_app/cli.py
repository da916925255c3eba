"""The command line: `yeastar …`. Each command is one call into the rooms below."""

import os
import sys
from pathlib import Path

import typer

from yeastar_app.settings import ROOT, settings

main = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_show_locals=False,  # they may hold a link that opens an account
    help="Yeastar portals: run and look after them.",
)


@main.command()
def migrate() -> None:
    """Bring the database's tables to the present version."""
    from alembic import command
    from alembic.config import Config

    command.upgrade(Config(str(ROOT / "alembic.ini")), "head")


@main.command()
def demo() -> None:
    """Load the sample data (once; nothing happens where accounts exist)."""
    from sqlmodel import select

    from yeastar_app.database import transaction
    from yeastar_app.demo import (
        alarms,
        back_office,
        capacity,
        holdings,
        lately,
        orders,
        people,
        points,
        rewards,
        tasks,
        uploads,
        usage,
    )
    from yeastar_app.models.accounts import Account

    if not settings().demo_mode:
        raise typer.Exit(typer.echo("Set DEMO_MODE=true first: sample data has no place anywhere else.", err=True) or 1)
    with transaction() as session:
        fresh = session.exec(select(Account.id).limit(1)).first() is None
        if fresh:
            loaded = people.load(session)
            capacity.load(session, loaded)
            tasks.load(session, loaded)
            usage.load(session)
            alarms.load(session, loaded)
            lately.load(session, loaded)
            redeem = rewards.load(session, loaded)
            points.load(session, loaded, redeem)
            holdings.load(session, loaded)
            orders.load(session, loaded)
    if fresh:
        back_office.import_units()
        uploads.load(loaded)
        with transaction() as session:  # a ledger goes by when it was written: the oldest first
            redeem(session, loaded["partner"], -1)
            back_office.load(session, loaded)
            redeem(session, loaded["rival"], -1)


@main.command()
def up() -> None:
    """From nothing to a running system: migrate, sample data in demo mode, build, serve. `make run` ends here."""
    from yeastar_app import build, greeting

    greeting.refuse_a_taken_port()
    typer.echo(f"Bringing the database up to date ({settings().database_name})")
    migrate()
    if settings().demo_mode:
        typer.echo("Looking after the sample data")
        demo()
    if not build.is_built():
        typer.echo("Building the pages (only when they changed; about half a minute)")
    greeting.when_it_answers()
    serve()


@main.command()
def serve() -> None:
    """Build the pages where needed and serve everything on HOST:PORT."""
    from yeastar_app import build, greeting

    greeting.refuse_a_taken_port()
    os.chdir(ROOT)
    os.environ.update(build.tool_environment())
    build.build()
    from reflex.utils.exec import run_backend_prod
    from reflex_base import constants
    from reflex_base.environment import environment

    environment.REFLEX_ENV_MODE.set(constants.Env.PROD)
    environment.REFLEX_COMPILE_CONTEXT.set(constants.CompileContext.RUN)
    environment.REFLEX_SKIP_COMPILE.set(True)
    run_backend_prod(settings().host, settings().port, constants.LogLevel.WARNING, True)


@main.command("create-admin")
def create_admin(email: str) -> None:
    """Make an administrator's account and print the link by which its person sets a password (48 hours, once)."""
    from yeastar_app.access import parse
    from yeastar_app.database import transaction
    from yeastar_app.services import administrators

    form = parse(administrators.AdministratorForm, {"email": email})
    with transaction() as session:
        link = administrators.invite(session, form)
    typer.echo(f"Open this within 48 hours to set the password of {email}; it works once:\n{link}")


@main.command()
def check() -> None:
    """Look whether everything that must always be true is true. Ends with 1 and a list where it is not."""
    from yeastar_app.database import transaction
    from yeastar_app.services import checks

    with transaction(writes=False) as session:
        problems = checks.broken(session)
    for problem in problems:
        typer.echo(problem)
    typer.echo(f"{len(problems)} problems" if problems else "Everything holds.")
    raise typer.Exit(1 if problems else 0)


@main.command()
def doctor() -> None:
    """Look at what this system stands on: settings, database, pages, port, mail server. Ends with 1 for a problem."""
    from yeastar_app import doctor as looks

    findings = looks.findings()
    for finding in findings:
        typer.echo(f"{'ok     ' if finding.fine else 'PROBLEM'}  {finding.words}")
    raise typer.Exit(0 if all(finding.fine for finding in findings) else 1)


@main.command("run-jobs")
def run_jobs() -> None:
    """Do the background work (emails, expiry, …) in a process of its own, until it is stopped."""
    import asyncio

    from yeastar_app.jobs import runner

    asyncio.run(runner.run_until_stopped())


@main.command("import-registry")
def import_registry(file: Path) -> None:
    """Take a workbook (Product, Product ID, Subscribed From, Subscribed Until) into the product registry."""
    from yeastar_app.database import transaction
    from yeastar_app.models.registry import ImportStatus
    from yeastar_app.services import registry_imports

    if not file.is_file():
        raise typer.Exit(typer.echo(f"{file} is no file.", err=True) or 1)
    with transaction() as session:
        number = registry_imports.begin(session, file.name, file.read_bytes())
    registry_imports.take_in(number)
    with transaction(writes=False) as session:
        done = registry_imports.outcome(session, number)
    if done.status is ImportStatus.REFUSED:
        raise typer.Exit(typer.echo(f"{file.name}: {done.refusal}", err=True) or 1)
    for row, column, words in done.problems:
        typer.echo(f"row {row}: refused  {column}: {words}")
    counts = ", ".join(f"{getattr(done, name)} {name}" for name in ("added", "changed", "unchanged", "refused"))
    typer.echo(f"{file.name}: {counts}")


def run() -> None:
    """The entry point: what a person can mend is said in one sentence, without a traceback."""
    from yeastar_app.greeting import sentence_for

    try:
        main()
    except Exception as error:
        sentence = sentence_for(error)
        if sentence is None:
            raise
        typer.echo(sentence, err=True)
        sys.exit(1)


if __name__ == "__main__":
    run()
