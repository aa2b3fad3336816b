"""The environment, typed: every EXTRANET_ variable, its default, and what must be set before the site may serve.

Read once by settings.py; domain code sees it as ``django.conf.settings.EXTRANET``.
Documented in docs/reference/environment.md (a test fails when a variable is missing there).
"""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class EnvironmentRefused(Exception):
    """The environment cannot serve; the message names each variable and what to set."""


class Env(BaseSettings):
    """All settings of the process. Unknown EXTRANET_ names are refused by ``unknown_variables``."""

    model_config = SettingsConfigDict(env_prefix="EXTRANET_", extra="ignore", frozen=True)

    data_dir: Path = Field(
        Path("./var"), description="Data folder: keys, database, packs, mailbox, checkpoints, inbox."
    )
    database_url: str = Field("", description="Database address; default SQLite in the data folder.")
    store_url: str = Field("", description="Where packs are kept, `file:` or `s3:`; default `packs/` in it.")
    email_url: str = Field("", description="Mail way: `folder:`, `smtp://host:port`, `smtps://host:port`.")
    mail_pace: int = Field(600, ge=0, description="Mails a minute into one receiving domain at most; 0: no limit.")
    secured_mail: Literal["gateway", "smime", "pickup"] = Field(
        "gateway", description="How secured mails are kept from strangers."
    )
    smime_certificate_file: Path | None = Field(None, description="The exchange's signing certificate, PEM.")
    smime_key_file: Path | None = Field(None, description="Its private key, PEM without a passphrase.")
    canary_to: str = Field("", description="Address to which the canary mail goes before a Monday run.")
    canary_mailbox: Path | None = Field(None, description="Maildir, folder of `.eml` or mbox where it comes back.")
    canary_expect: str = Field("", description="What a secured mail shows: `Header: text` or `body: phrase`.")
    returned_mail: Path | None = Field(
        None, description="Where reports of failed mails arrive: a Maildir, a folder of `.eml` files, or an mbox."
    )
    base_url: str = Field("", description="Public address of the portal; every link carries it.")
    reset_url: str = Field("", description="Public address of the reset site; default `/reset/` under the base URL.")
    profile: str = Field("covered_california", description="Name of a profile, or path of a profile folder.")
    policy: Literal["jobaid", "arc_ampe", "nist_63b4"] = Field("jobaid", description="Named security policy.")
    secret_key: str = Field("", description="Django's signing key (sessions, CSRF).")
    secret_key_file: Path | None = Field(
        None, description="File of the secret key; default `keys/secret` in the data folder."
    )
    master_key: str = Field("", description="Master key, base64 of 32 bytes or a `pkcs11:` address.")
    master_key_file: Path | None = Field(None, description="File of the master key; default `keys/master`.")
    other_master_keys: str = Field("", description="Further master keys, by blank; they open and wrap nothing new.")
    other_master_keys_file: Path | None = Field(None, description="File of further master keys, one a line.")
    key_backup_dir: Path | None = Field(None, description="Folder of the backups of keys; default `key-backups/`.")
    signing_key: str = Field("", description="Ed25519 signing key, base64 of 32 bytes; signs audit and manifests.")
    signing_key_file: Path | None = Field(None, description="File of the signing key; default `keys/signing`.")
    password_hash: Literal["argon2id", "pbkdf2"] = Field(
        "argon2id", description="How new passwords are hashed; `pbkdf2` for sites that need a FIPS module."
    )
    password_pepper: str = Field("", description="Peppers, base64 of 32 bytes each, by blank; the first is in force.")
    password_pepper_file: Path | None = Field(
        None, description="File of peppers, one a line; default `keys/pepper`, if it is there."
    )
    checkpoint_url: str = Field("", description="Folder for signed audit checkpoints; default `checkpoints/`.")
    trusted_proxies: str = Field("", description="Networks of proxies whose X-Forwarded-For is believed, by comma.")
    demo: bool = Field(False, description="Demonstration: fixed addresses, demo pages, --now.")

    @property
    def folder(self) -> Path:
        """Data folder as an absolute path."""
        return self.data_dir.absolute()

    def key_file(self, name: Literal["secret", "master", "signing"]) -> Path:
        """File of one key: the configured one, else ``keys/<name>`` in the data folder."""
        configured: Path | None = getattr(self, f"{name}_key_file")
        return configured or self.folder / "keys" / name

    @property
    def pepper_file(self) -> Path:
        """File of the peppers of passwords; optional."""
        return self.password_pepper_file or self.folder / "keys" / "pepper"

    @property
    def key_backups(self) -> Path:
        """Folder of the backups of wrapped keys."""
        return (self.key_backup_dir or self.folder / "key-backups").absolute()

    @property
    def database(self) -> str:
        return self.database_url or f"sqlite:///{self.folder / 'extranet.sqlite3'}"

    @property
    def store(self) -> str:
        return self.store_url or f"file://{self.folder / 'packs'}"

    @property
    def email(self) -> str:
        return self.email_url or "folder:"

    @property
    def portal(self) -> str:
        """Base URL without a trailing slash."""
        return (self.base_url or "http://localhost:8000").rstrip("/")

    @property
    def reset(self) -> str:
        """Base URL of the reset site without a trailing slash."""
        return (self.reset_url or f"{self.portal}/reset").rstrip("/")


@dataclass(frozen=True)
class Missing:
    """One thing that keeps the site from serving."""

    variable: str
    remedy: str


def unknown_variables(names: "os._Environ[str] | dict[str, str]") -> list[str]:
    """EXTRANET_ variables that mean nothing here: most often a typing error."""
    known = {f"EXTRANET_{field.upper()}" for field in Env.model_fields}
    return sorted(name for name in names if name.startswith("EXTRANET_") and name not in known)


def missing_to_serve(env: Env) -> list[Missing]:
    """What must be set before web or worker may start; empty in the demo, which brings its own."""
    if env.demo:
        return []
    rows = []
    if not env.base_url:
        rows.append(
            Missing("EXTRANET_BASE_URL", "set the public address of the portal, e.g. https://extranet.example.gov")
        )
    if not env.email_url:
        rows.append(Missing("EXTRANET_EMAIL_URL", "set a mail way: folder:, smtp://host:port or smtps://host:port"))
    for name in ("secret", "master", "signing"):
        if not getattr(env, f"{name}_key") and not env.key_file(name).exists():
            variable = f"EXTRANET_{name.upper()}_KEY[_FILE]"
            rows.append(Missing(variable, f"run `extranet init` to make {env.key_file(name)}"))
    return rows


def require_to_serve(env: Env) -> None:
    """Raise EnvironmentRefused with one line a missing variable."""
    rows = missing_to_serve(env)
    if rows:
        raise EnvironmentRefused("\n".join(f"{row.variable} is not set: {row.remedy}" for row in rows))
