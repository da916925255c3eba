"""The Yeastar portals."""

from yeastar_app import logs

logs.configure()
