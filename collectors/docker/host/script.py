"""The script that looks at another host: what :mod:`collectors.docker.host.local` looks at here.

It is one text for all hosts, sent to ``sh -s`` over SSH, or run by a person::

    auditor permissions docker --script > look.sh       here
    sudo sh look.sh > gpu-7.probes                      there
    auditor scan docker+tls://gpu-7:2376 --host-probes gpu-7.probes

Nothing is put into it but the list of :mod:`collectors.docker.host.probes`, and nothing that it
reads is run, or reaches a program but as the one argument of a path. One program of the host that
is not a part of every system is run, with constant options: ``auditctl``, which lists. It writes
to its output alone. What it prints is read by :mod:`collectors.docker.host.framing`: one line each,
and every text in base64, so that no name of a file can end a line.
"""

from __future__ import annotations

from collections.abc import Iterator
from types import MappingProxyType
from typing import Final

from collectors.docker.host.probes import (
    DEEPEST,
    ENGINES,
    MOST_ARGUMENTS,
    MOST_ENTRIES,
    MOST_RULE_FILES,
    PROCESSES,
    PROGRAM,
    PROGRAM_FOLDERS,
    PROGRAM_RUNS,
    RULE_FILES,
    RULE_SUFFIX,
    TEXTS,
    folders,
    stats,
    text_at,
)

HEADER: Final = "auditor-host 1"

_HEAD: Final = r"""#!/bin/sh
# What auditor looks at on a Docker host: it reads, and changes nothing.
# Run it as root, keep what it prints, and give that to auditor scan --host-probes FILE.

b() {  # a text as one word; of a short one base64 makes one line, whose end $(b) takes away
  printf .
  case $1 in
    ??????????????????????????????????????????????????*) printf %s "$1" | base64 | tr -d '\n' ;;
    *) printf %s "$1" | base64 ;;
  esac
}

look() {  # owner, mode and type of a path, links followed
  link=.
  [ ! -L "$root$1" ] || link=$(b "$(readlink "$root$1" 2>/dev/null)")
  if found=$(stat -L -c '%f %u %g %d %i' "$root$1" 2>&1); then
    echo "stat $(b "$1") $found $link"
  else
    case $found in
      *': No such file or directory' | *': Not a directory') why=absent ;;
      *': Permission denied' | *': Operation not permitted') why=denied ;;
      *) why=odd ;;
    esac
    echo "none $(b "$1") $why"
  fi
}

walk() {  # all below a folder, no deeper than some levels
  [ -d "$root$1" ] || return 0
  if [ ! -r "$root$1" ] || [ ! -x "$root$1" ]; then
    echo "folder $(b "$1") denied"
    return 0
  fi
  for each in "$root$1"/* "$root$1"/.*; do
    name=${each##*/}
    case $name in . | ..) continue ;; esac
    [ -e "$each" ] || [ -L "$each" ] || continue
    if [ "$left" -eq 0 ]; then
      echo "folder $(b "$1") cut"
      return 0
    fi
    left=$((left - 1))
    look "$1/$name"
    if [ -d "$each" ] && [ ! -L "$each" ]; then
      if [ "$2" -eq 1 ]; then
        echo "folder $(b "$1") cut"
      else
        walk "$1/$name" $(($2 - 1))
      fi
    fi
  done
  echo "folder $(b "$1") whole"
}

taken() {  # what is taken of a file
  case $1 in
    listening) grep ' 0A ' "$2" ;;
    logins) cut -s -d: -f1,4 "$2" ;;
    *) cat "$2" ;;
  esac
}

text() {  # the first bytes of what is taken of a regular file
  if [ -f "$root$1" ]; then
    if [ -r "$root$1" ]; then
      printf 'text %s .' "$(b "$1")"
      taken "$3" "$root$1" | head -c "$2" | base64 | tr -d '\n'
      echo
    else
      echo "text $(b "$1") denied"
    fi
  elif [ -e "$root$1" ]; then
    echo "text $(b "$1") odd"
  fi
}

processes() {  # those of some names
  for each in "$root"/proc/[0-9]*; do
    { IFS= read -r name < "$each/comm"; } 2>/dev/null || continue
    case $name in @PROCESSES@) ;; *) continue ;; esac
    user=$(stat -c %u "$each" 2>/dev/null) || continue
    words=
    case $name in
      @ENGINES@) words=$(head -c @MOST@ "$each/cmdline" 2>/dev/null | base64 | tr -d '\n') ;;
    esac
    groups=$(head -c @MOST@ "$each/cgroup" 2>/dev/null | base64 | tr -d '\n')
    echo "process $(b "$name") $user .$words .$groups"
  done
  echo processes
}

rules() {  # files of audit rules
  left=@RULE_FILES@
  for each in "$root$1"/*@SUFFIX@; do
    [ -e "$each" ] || [ -L "$each" ] || continue
    [ "$left" -gt 0 ] || return 0
    left=$((left - 1))
    text "$1/${each##*/}" "$2" all
  done
}

containers() {  # of each process in a container, whether it may gain rights
  hex='[0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f]'
  hex=$hex$hex$hex$hex$hex$hex$hex$hex
  tab=$(printf '\t')
  any='????????????????????????????????????????????????????????????????'
  for each in "$root"/proc/[0-9]*; do
    group=
    while IFS= read -r line || [ -n "$line" ]; do
      case $line in *$hex*) group=$line; break ;; esac
    done 2>/dev/null < "$each/cgroup"
    [ -n "$group" ] || continue
    rest=${group#"${group%%$hex*}"}
    while IFS= read -r line || [ -n "$line" ]; do
      case $line in
        "NoNewPrivs:$tab"[01]) echo "container ${rest%"${rest#$any}"} ${line#*"$tab"}"; break ;;
      esac
    done 2>/dev/null < "$each/status"
  done
  echo containers
}

printed() {  # what a program prints that lists audit rules
  for each in @FOLDERS@; do
    if [ -f "$root$each/$1" ]; then
      for option in @RUNS@; do
        if [ -x "$root$each/$1" ]; then
          found=$("$root$each/$1" "$option" 2>&1) && code=0 || code=$?
          echo "output $(b "$1 $option") $code $(b "$found")"
        else
          echo "output $(b "$1 $option") denied ."
        fi
      done
      return 0
    fi
  done
  for option in @RUNS@; do
    echo "output $(b "$1 $option") absent ."
  done
}

main() {
  root=${1-}
  LC_ALL=C
  export LC_ALL
"""
_TAIL: Final = r"""  echo end
}

main "$@" </dev/null
"""


def script() -> str:
    """The whole script."""
    head = _HEAD
    for name, text in _LISTS.items():
        head = head.replace(f"@{name}@", text)
    return head + "".join(f"  {line}\n" for line in _lines()) + _TAIL


_LISTS: Final = MappingProxyType(
    {
        "PROCESSES": " | ".join(PROCESSES),
        "ENGINES": " | ".join(ENGINES),
        "MOST": str(MOST_ARGUMENTS),
        "FOLDERS": " ".join(PROGRAM_FOLDERS),
        "RULE_FILES": str(MOST_RULE_FILES),
        "SUFFIX": RULE_SUFFIX,
        "RUNS": " ".join(PROGRAM_RUNS),
    }
)


def _lines() -> Iterator[str]:
    yield f"echo '{HEADER}'"
    yield 'echo "host $(b "$(uname -n)")"'
    yield 'echo "kernel $(b "$(uname -r)")"'
    yield 'echo "user $(id -u)"'
    yield 'echo "time $(date -u +%Y-%m-%dT%H:%M:%SZ)"'
    yield from (f"look {path}" for path in stats())
    for folder in folders():
        yield f"left={MOST_ENTRIES}"
        yield f"walk {folder} {DEEPEST}"
    yield from (f"text {path} {text.most + 1} {text.take.value}" for path, text in TEXTS.items())
    rule_file = text_at(f"{RULE_FILES}/a{RULE_SUFFIX}")
    if rule_file is not None:
        yield f"rules {RULE_FILES} {rule_file.most + 1}"
    yield "processes"
    yield "containers"
    yield f"printed {PROGRAM}"
