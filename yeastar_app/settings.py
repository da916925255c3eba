"""Every setting, read once from the environment, with its default and meaning. Nothing else reads the environment."""

from functools import lru_cache
from pathlib import Path

from pydantic import Field, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict
from sqlalchemy import make_url

ROOT = Path(__file__).resolve().parent.parent
LOOPBACK = {"127.0.0.1", "::1", "localhost"}


class Settings(BaseSettings):
    """The whole configuration. Each field is the environment variable of the same name in capitals."""

    model_config = SettingsConfigDict(env_file=".env", extra="ignore")

    # Where it stands
    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=1, le=65535)
    public_url: str = ""
    """The address people type, scheme included. Empty: http://HOST:PORT. Links in emails start with it."""
    allowed_origins: str = ""
    """Further origins that may open the socket, separated by commas. `*` is refused."""
    trusted_proxy_hops: int = Field(default=0, ge=0)
    """How many reverse proxies stand in front; their X-Forwarded-For entries are believed, no others."""

    # What it keeps
    data_dir: Path = ROOT / "data"
    database_url: str = ""
    """`postgresql+psycopg://…`; empty: SQLite in DATA_DIR."""
    redis_url: str = ""
    secret_key: str = ""
    """Encrypts authenticator secrets at rest. Empty: a key is made once and kept in DATA_DIR."""

    # Email
    smtp_host: str = ""
    """Empty: emails stay in the local mailbox page."""
    smtp_port: int = 587
    smtp_username: str = ""
    smtp_password: str = ""
    smtp_tls: str = Field(default="starttls", pattern="^(starttls|tls|none)$")
    email_from: str = "Yeastar <no-reply@example.com>"

    # Cloud PBXs
    hosting_engine_url: str = ""
    """Where the hosting engine takes commands. Empty: the embedded simulator runs the PBXs."""
    hosting_secret: str = ""
    """Signs the messages to the engine and checks those from it (`whsec_…`, Standard Webhooks)."""
    hosting_regions: str = "Europe (Frankfurt), North America (Virginia), Asia Pacific (Singapore)"
    hosting_domains: str = "pbx.example.com, voice.example.net"
    """What a PBX's address may end with, separated by commas."""
    simulator_seconds: float = Field(default=4, ge=0)
    """How long the simulator takes to start a PBX; everything else goes by it."""
    simulator_failure_percent: int = Field(default=0, ge=0, le=100)
    simulator_alarm_percent: int = Field(default=0, ge=0, le=100)
    """How many of the PBXs it starts report an alarm of their own, until they are stopped or started again."""
    alarm_emails_per_hour: int = Field(default=20, ge=1)
    """An alarm contact gets no more emails in an hour; the rest comes as one summary."""

    # Trying it out
    demo_mode: bool = False
    """Sample accounts, an open mailbox and a help page. Listens on loopback only."""
    demo_password: str = "Harbor-Lantern-42"  # noqa: S105 - printed at start, demo mode only

    # Rules that a deployment may tune
    two_factor_required_of: str = "administrator,account_manager"
    """Kinds of account that must set up two-factor authentication; ignored in demo mode."""
    point_reminder_days: str = Field(default="30,2", pattern=r"^\d{1,3}(,\d{1,3})*$")
    """So many days before points expire their owners are told, separated by commas."""
    review_reminder_days: int = Field(default=30, ge=1)
    """So many days before a yearly review that would lower the tier its owners are told."""
    session_idle_hours: int = 12
    session_absolute_days: int = 30
    upload_limit_mb: int = 10
    socket_message_limit_kb: int = 256
    """The largest message an open page may send; a larger one closes its connection."""
    socket_messages_per_second: int = 50
    """What one connection may send on the average; what comes faster waits."""
    socket_burst: int = 300
    """How many messages one connection may send at once before it has to wait."""
    workbook_inflated_limit_mb: int = 200
    workbooks_kept_days: int = Field(default=90, ge=1)
    """For so long a partner can download a workbook again that it uploaded."""
    workbooks_kept: int = Field(default=200, ge=1)
    workbooks_kept_mb: int = Field(default=200, ge=1)
    """So many workbooks, and so much of them, are kept of a company at most: the oldest finished ones make room."""
    jobs_in_app: bool = True
    """Run the background jobs inside the app process; off where `yeastar run-jobs` does it."""

    @model_validator(mode="after")
    def _refuse_what_is_unsafe(self) -> "Settings":
        if "*" in self.allowed_origins:
            raise ValueError("ALLOWED_ORIGINS may not be *: name the origins that may open the socket")
        if self.demo_mode and self.host not in LOOPBACK:
            raise ValueError(f"DEMO_MODE listens on loopback only, not on {self.host}: set HOST=127.0.0.1")
        if self.hosting_engine_url and len(self.hosting_secret) < 24:
            raise ValueError(
                "HOSTING_ENGINE_URL needs a HOSTING_SECRET of 24 characters or more, the same on both sides"
            )
        return self

    @property
    def address(self) -> str:
        """The public address without a trailing slash."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return (self.public_url or f"http://{host}:{self.port}").rstrip("/")

    @property
    def is_https(self) -> bool:
        return self.address.startswith("https://")

    @property
    def database(self) -> str:
        return self.database_url or f"sqlite:///{self.data_dir / 'yeastar.db'}"

    @property
    def database_name(self) -> str:
        """The database for a person's eyes: never with its password."""
        return make_url(self.database).render_as_string(hide_password=True)

    @property
    def regions(self) -> list[str]:
        """Where PBXs can be; the first is offered first."""
        return [region.strip() for region in self.hosting_regions.split(",") if region.strip()]

    @property
    def domains(self) -> list[str]:
        return [domain.strip().lower() for domain in self.hosting_domains.split(",") if domain.strip()]

    @property
    def origins(self) -> list[str]:
        """Origins that may open the socket: the public address, and on loopback both of its names."""
        named = [origin.strip().rstrip("/") for origin in self.allowed_origins.split(",") if origin.strip()]
        local = [f"http://{name}:{self.port}" for name in ("127.0.0.1", "localhost")] if self.host in LOOPBACK else []
        return list(dict.fromkeys([self.address, *named, *local]))


@lru_cache
def settings() -> Settings:
    """The settings of this process."""
    return Settings()
