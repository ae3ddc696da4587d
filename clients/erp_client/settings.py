"""Reads `erp_client.ini`: what is missing or wrong is said in one line."""

import configparser
import os
from pathlib import Path

import table_csv
from tools import Problem, parse_zone

# Names of the environment that hold the key; the second is the one of the client before this.
KEYS = ("ERP_CLIENT_KEY", "FLAG_FEED_KEY")
SWITCHES = {"1": True, "yes": True, "true": True, "on": True}
SWITCHES |= {"0": False, "no": False, "false": False, "off": False}


class Settings:
    """The sections of the settings, each checked when it is asked for.

    :param str path: the file
    :raise Problem: when it cannot be read or has no address of Odoo
    """

    def __init__(self, path):
        self.path = path
        self.config = read_file(path)
        # Names in Odoo have capitals, those of settings have none.
        self._names = read_file(path, str)
        self.odoo = self._read_odoo()
        self.client = self.get_section("client")

    def _read_odoo(self):
        odoo = self.get_section("odoo", needed=True)
        for name in ("url", "feed"):
            if not odoo.get(name):
                raise Problem(f"{self.path} has no {name} in section [odoo]")
        # The environment keeps the key out of a file that gets copied around.
        odoo["key"] = next(filter(None, map(os.environ.get, KEYS)), odoo.get("key", ""))
        if not odoo["key"]:
            raise Problem(f"there is no key: set {KEYS[0]}, or key in section [odoo]")
        read_number(odoo, "feed", "", int, 1)
        return odoo

    def get_section(self, name, needed=False):
        """Return a section as a dict, an empty one when it is not there; empty is left out."""
        if name in self.config:
            stripped = {key: value.strip() for key, value in self.config[name].items()}
            return {key: value for key, value in stripped.items() if value}
        if needed:
            raise Problem(f"{self.path} has no section [{name}]")
        return {}

    def get_sources(self):
        """Return `{name: section}` of every source: `[source]`, and `[source NAME]` beside it."""
        names = [name for name in self.config.sections() if name.split()[:1] == ["source"]]
        if not names:
            raise Problem(f"{self.path} has no section [source]")
        sources = {name: self.get_section(name) for name in names}
        for name, source in sources.items():
            self._check_source(name, source)
        return sources

    def _check_source(self, name, source):
        if bool(source.get("csv")) == bool(source.get("odbc")):
            raise Problem(f"[{name}] of the settings has to name either csv or odbc")
        if source.get("mode", "") not in ("", "time", "snapshot"):
            raise Problem(f"mode in [{name}] of the settings is neither time nor snapshot")
        parse_zone(source.get("zone"))
        read_switch(source, "second_sight", bool(source.get("odbc")))

    def get_units(self):
        """Return `{unit of Odoo: unit of the ERP}` of section [units], spelled as they are."""
        return self._get_names("units")

    def get_terms(self):
        """Return `{payment terms of Odoo: days, form of payment}` of section [terms]."""
        return self._get_names("terms")

    def _get_names(self, section):
        names = dict(self._names).get(section, {})
        return {key.strip(): value.strip() for key, value in names.items()}

    def number(self, name, default, kind, least):
        """Return a number of section [client], see :func:`read_number`."""
        return read_number(self.client, name, default, kind, least)


def read_file(path, change_name=str.lower):
    """Return the settings of a file, whatever encoding an editor gave it."""
    config = configparser.ConfigParser(interpolation=None)
    config.optionxform = change_name
    try:
        text, _encoding = table_csv.decode(Path(path).read_bytes())
        config.read_string(text.lstrip("\ufeff"), source=path)
    except FileNotFoundError as error:
        raise Problem(f"the settings {path} are not there") from error
    except OSError as error:
        raise Problem(f"the settings {path} cannot be read: {error.strerror}") from error
    except (table_csv.TableError, configparser.Error) as error:
        words = " ".join(str(error).split())
        raise Problem(f"the settings {path} cannot be read: {words}") from error
    return config


def read_number(section, name, default, kind, least):
    """Return a number of the settings.

    :param kind: `int` or `float`
    :param least: the smallest one that makes sense
    :raise Problem: when it is none
    """
    text = section.get(name, str(default))
    try:
        number = kind(text.strip().replace(",", "."))
        if not least <= number < float("inf"):
            raise ValueError(text)
    except ValueError as error:
        raise Problem(
            f"{name} in the settings is {text!r}, not a number from {least} on"
        ) from error
    return number


def read_switch(section, name, default):
    """Return whether something is on.

    :raise Problem: when the word is neither on nor off
    """
    text = section.get(name, "").lower()
    if text and text not in SWITCHES:
        raise Problem(f"{name} in the settings is {text!r}, neither on nor off")
    return SWITCHES.get(text, default)
