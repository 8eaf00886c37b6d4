"""The script that looks at a node, for a person to run there.

::

    auditor permissions node --script > look.sh         here
    sudo sh look.sh > gpu-7.node-probe                  there
    auditor scan k8s:// gpu-7.node-probe --profile cis-kubernetes

It is one text for all nodes, for any POSIX shell (tests run it in dash, bash and busybox), and
takes ``base64``, ``sha256sum``, ``stat -c`` and what every system has. Nothing is put into it but
the list of :mod:`collectors.kubernetes.node.probes`. What it reads is never run, and reaches a
program only as one argument or as its input. It writes to its output alone. ``sh look.sh DIR``
looks at the tree below ``DIR`` as if that were the root: a disk that is mounted there.

What it prints is read by :mod:`collectors.kubernetes.node.framing`: one line each, and every text
in base64, so that no name of a file can end a line. The last line has a digest of all before it:
what was cut off, or changed by a slip, is noticed. Who wants to lie can compute it anew; a probe
says what somebody with root on the node says.

Only processes of the node itself are looked at, and those of static pods: whoever may start a pod
can call a program ``kubelet``, and give it any arguments. A process is the node's where it sees the
file systems that the first process sees, or the script itself where nobody may ask that. One is of
a static pod where its control group names a pod by 32 digits, for the kubelet hashes a manifest to
such a name and the API server gives a UUID, with dashes.
"""

from __future__ import annotations

from collections.abc import Iterator
from types import MappingProxyType
from typing import Final

from collectors.kubernetes.node.probes import (
    DEEPEST,
    FLAGS,
    KUBELET_SETTINGS,
    MOST_ARGUMENTS,
    MOST_DROP_INS,
    MOST_ENTRIES,
    MOST_SETTINGS,
    PROCESSES,
    VARIABLES,
    WHOLE,
    folders,
    stats,
)

HEADER: Final = "auditor-node 1"

_HEAD: Final = r"""#!/bin/sh
# What auditor looks at on a node of Kubernetes: it reads, and changes nothing.
# Run it as root, keep what it prints as NODE.node-probe, and name that file to auditor scan.

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
  if [ "$link" != . ] && [ -n "$root" ]; then
    echo "none $(b "$1") odd"  # it leads to a file of this machine, or of that disk
  elif found=$(stat -L -c '%f %u %g %d %i' "$root$1" 2>&1); then
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
  [ -z "$root" ] || [ ! -L "$root$1" ] || return 0
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

lines() {  # words that end with a zero, one a line
  head -c @MOST@ "$1" 2>/dev/null | tr '\n\000' ' \n'
}

kept() {  # arguments: the values of flags that are on the list, the names of all others
  flag=no
  while IFS= read -r word || [ -n "$word" ]; do
    name=${word%%=*}
    name=${name#-}
    case $word in
      -*)
        case ${name#-} in
          @FLAGS@) printf '=%s\n' "$word"; flag=listed ;;
          *) printf '~%s\n' "${word%%=*}"; flag=other ;;
        esac
        case $word in *=*) flag=no ;; esac
        ;;
      *)
        case $flag in
          listed) printf '=%s\n' "$word" ;;
          *) echo . ;;
        esac
        flag=no
        ;;
    esac
  done
}

given() {  # the value of a flag among arguments that were kept, the last one
  wanted=no
  value=
  while IFS= read -r word; do
    case $word in
      "=--$1="* | "=-$1="*) value=${word#*"$1="}; wanted=no ;;
      "=--$1" | "=-$1") wanted=yes ;;
      '='*) [ "$wanted" = no ] || value=${word#=}; wanted=no ;;
      *) wanted=no ;;
    esac
  done
  printf %s "$value"
}

place() {  # whether a process is one of the node itself, or of a static pod
  theirs=$(readlink "$1/ns/mnt" 2>/dev/null) || theirs=
  if [ -z "$theirs" ] || [ -z "$first" ]; then
    echo unknown
  elif [ "$theirs" = "$first" ]; then
    echo node
  else
    hex='[0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f][0-9a-f]'
    groups=$(head -c @MOST@ "$1/cgroup" 2>/dev/null)
    case ${groups#*[-/]pod} in  # the first that names a pod: below its own a container may name any
      $hex$hex$hex$hex[./]*) echo static ;;
      *) echo other ;;
    esac
  fi
}

processes() {  # those of Kubernetes
  first=$(readlink "$root/proc/1/ns/mnt" 2>/dev/null) ||
    first=$(readlink "$root/proc/self/ns/mnt" 2>/dev/null) || first=
  for process in "$root"/proc/[0-9]*; do
    { IFS= read -r comm < "$process/comm"; } 2>/dev/null || continue
    case $comm in @PROCESSES@ | @WHOLE@) ;; *) continue ;; esac
    user=$(stat -c %u "$process" 2>/dev/null) || continue
    where=$(place "$process")
    [ "$where" != other ] || continue
    words= vars=
    case $comm:$where in
      *:unknown) ;;
      @NAMED@)
        if [ -r "$process/cmdline" ]; then words=$(lines "$process/cmdline" | sed 1d | kept); fi
        ;;
    esac
    case $comm:$where in
      etcd:unknown) ;;
      etcd:*)
        if [ -r "$process/environ" ]; then
          vars=$(lines "$process/environ" | sed -n '@VARIABLES@')
        else
          where=unknown
        fi
        ;;
    esac
    echo "process $(b "$comm") $user $where $(b "$words") $(b "$vars")"
    [ "$where" != unknown ] || continue
    for flag in config config-dir kubeconfig client-ca-file pod-manifest-path data-dir; do
      path=$(printf '%s\n' "$words" | given "$flag")
      path=${path%/}
      case $path in /*) look "$path" ;; *) continue ;; esac
      case $comm:$where:$flag in
        kubelet:node:config) settings "$path" ;;
        kubelet:node:config-dir)
          walk_here "$path" @DEEPEST@
          count=@DROP_INS@
          drop_ins "$path" @DEEPEST@
          ;;
        kubelet:node:pod-manifest-path) walk_here "$path" 1 ;;
      esac
    done
    case $comm in
      etcd) authority "$(printf '%s\n' "$words" | given trusted-ca-file)" ;;
      kube-apiserver) authority "$(printf '%s\n' "$words" | given client-ca-file)" ;;
    esac
    path=$(printf '%s\n' "$vars" | sed -n 's/^ETCD_DATA_DIR=//p')
    path=${path%/}
    case $path in /*) look "$path" ;; esac
  done
  echo processes
}

authority() {  # a digest of a file of certificates, as the process itself sees it
  case $1 in /*) ;; *) return 0 ;; esac
  file=$process/root$1
  [ -e "$process/root/." ] || file=$root$1
  if [ ! -e "$file" ]; then
    why=absent
  elif [ ! -f "$file" ]; then
    why=odd
  elif [ ! -r "$file" ]; then
    why=denied
  elif ! grep -q 'BEGIN CERTIFICATE' "$file" || grep -q 'PRIVATE KEY' "$file"; then
    why=odd
  else
    why=$(sha256sum < "$file")
  fi
  echo "authority $(b "$comm") $(b "$1") ${why%% *}"
}

walk_here() {
  left=@ENTRIES@
  walk "$1" "$2"
}

settings() {  # the configuration of the kubelet, if that is what it is
  if [ ! -e "$root$1" ]; then
    echo "text $(b "$1") absent"
  elif [ ! -f "$root$1" ] || { [ -n "$root" ] && [ -L "$root$1" ]; }; then
    echo "text $(b "$1") odd"
  elif [ ! -r "$root$1" ]; then
    echo "text $(b "$1") denied"
  elif ! grep -q KubeletConfiguration "$root$1"; then
    echo "text $(b "$1") odd"
  elif grep -q -i -e staticPodURLHeader -e '\\[ux]' "$root$1"; then
    echo "text $(b "$1") withheld"  # headers of requests may be credentials
  else
    printf 'text %s .' "$(b "$1")"
    head -c @SETTINGS@ "$root$1" | base64 | tr -d '\n'
    echo
    for key in staticPodPath clientCAFile; do
      path=$(sed -n "s/^ *$key: *//p" "$root$1" | tr -d '\r"'"'" | head -n 1)
      path=${path%% \#*}
      path=${path%/}
      case $path in /*) look "$path" ;; *) continue ;; esac
      [ "$key" = clientCAFile ] || walk_here "$path" 1
    done
  fi
}

drop_ins() {  # files that change what the configuration says, those in folders below it too
  for file in "$root$1"/* "$root$1"/.*; do
    name=${file##*/}
    case $name in . | ..) continue ;; esac
    [ -e "$file" ] || [ -L "$file" ] || continue
    if [ -d "$file" ] && [ ! -L "$file" ]; then
      [ "$2" -eq 1 ] || drop_ins "$1/$name" $(($2 - 1))
      continue
    fi
    case $name in *.conf) ;; *) continue ;; esac
    [ "$count" -gt 0 ] || return 0
    count=$((count - 1))
    settings "$1/$name"
  done
}

account() {  # the numbers of the account etcd
  if [ ! -r "$root/etc/passwd" ]; then
    echo "account $(b etcd) denied"
    return 0
  fi
  while IFS=: read -r name _ user group _; do
    case $name in etcd) echo "account $(b etcd) $user $group"; return 0 ;; esac
  done < "$root/etc/passwd"
  echo "account $(b etcd) absent"
}

word() {  # what the one line of a file says
  { IFS= read -r line < "$root$1"; } 2>/dev/null || line=
  b "$line"
}

main() {
  LC_ALL=C
  export LC_ALL
"""
_TAIL: Final = r"""}

root=${1-}
root=${root%/}
for each in base64 date grep head id readlink sed sha256sum stat tr uname; do
  command -v "$each" >/dev/null || { echo "look.sh: there is no $each here" >&2; exit 1; }
done
seen=$(main </dev/null)
printf '%s\n' "$seen"
sum=$(printf '%s\n' "$seen" | sha256sum)
echo "end ${sum%% *}"
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
        "NAMED": " | ".join(f"{name}:*" for name in PROCESSES),
        "WHOLE": " | ".join(WHOLE),
        "MOST": str(MOST_ARGUMENTS),
        "FLAGS": " | ".join(FLAGS),
        "VARIABLES": ";".join(f"/^{name}=/p" for name in VARIABLES),
        "ENTRIES": str(MOST_ENTRIES),
        "SETTINGS": str(MOST_SETTINGS + 1),
        "DROP_INS": str(MOST_DROP_INS),
        "DEEPEST": str(DEEPEST),
    }
)


def _lines() -> Iterator[str]:
    yield f"echo '{HEADER}'"
    yield 'echo "host $(b "$(uname -n)")"'
    yield 'echo "kernel $(b "$(uname -r)")"'
    yield 'echo "user $(id -u)"'
    yield 'echo "time $(date -u +%Y-%m-%dT%H:%M:%SZ)"'
    yield 'echo "boot $(word /proc/sys/kernel/random/boot_id)"'
    yield 'echo "machine $(word /etc/machine-id)"'
    yield from (f"look {path}" for path in stats())
    yield from (f"walk_here {folder} {DEEPEST}" for folder in folders())
    yield "account"
    yield f"settings {KUBELET_SETTINGS}"
    yield "processes"
