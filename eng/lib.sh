# shellcheck shell=bash
# What every script here shares: words for the terminal, packages, ports, background processes. Source it, do not run it.

HEAL_CACHE=${HEAL_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/heal}

# shellcheck disable=SC2034 # for the scripts that source this file
if [[ -t 1 && -z ${NO_COLOR:-} ]]; then
  BOLD=$'\e[1m' DIM=$'\e[2m' RED=$'\e[31m' GREEN=$'\e[32m' PLAIN=$'\e[0m'
else
  BOLD='' DIM='' RED='' GREEN='' PLAIN=''
fi

# say TEXT: one line of progress, with the seconds since the script began.
say() { printf '%s%6.1fs%s  %s\n' "$DIM" "$(seconds)" "$PLAIN" "$*"; }
seconds() {
  local elapsed=$(((${EPOCHREALTIME//[.,]/} - HEAL_STARTED) / 100000))
  printf '%d.%d' $((elapsed / 10)) $((elapsed % 10))
}
export HEAL_STARTED=${HEAL_STARTED:-${EPOCHREALTIME//[.,]/}}

# die WHAT [DETAIL...]: what failed, where, and what to do next, on stderr.
die() {
  printf '%s%s%s\n' "$RED" "error: $1" "$PLAIN" >&2
  shift
  if (($#)); then printf '       %s\n' "$@" >&2; fi
  exit 1
}

# as_root COMMAND...: directly when we are root, through sudo otherwise.
as_root() {
  if ((EUID == 0)); then
    "$@"
  elif command -v sudo >/dev/null; then
    sudo "$@"
  else
    die "'$*' needs root, and there is no sudo" "Run this script as root, or install sudo."
  fi
}

# need_packages NAME...: installs the Debian packages that are missing. Their daemons are neither started nor enabled: ours are
# private copies, and a machine must not gain a system service because somebody ran our tests.
need_packages() {
  local name missing=()
  for name in "$@"; do
    [[ $(dpkg-query -W -f '${db:Status-Status}' "$name" 2>/dev/null) == installed ]] || missing+=("$name")
  done
  ((${#missing[@]})) || return 0
  command -v apt-get >/dev/null || die "these packages are missing: ${missing[*]}" "Heal installs them with apt-get, which is not here."
  say "installing Debian packages: ${missing[*]}"
  as_root bash "$HEAL_ENG/install-packages.sh" "${missing[@]}" || die "apt-get could not install: ${missing[*]}" "Its messages are above."
}

# free_port: a TCP port of 127.0.0.1 on which nobody listens, below the range from which the kernel picks ports for clients.
free_port() {
  local port
  for _ in {1..100}; do
    port=$((20000 + RANDOM % 10000))
    port_is_open "$port" || { echo "$port" && return; }
  done
  die "no free TCP port found between 20000 and 29999 on 127.0.0.1"
}
port_is_open() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# wait_until SECONDS COMMAND...: polls every 0.1 s; false when the time is over.
wait_until() {
  local deadline=$((SECONDS + $1))
  shift
  until "$@"; do
    ((SECONDS < deadline)) || return 1
    sleep 0.1
  done
}

# A pid file holds the process id and its start time in clock ticks: a pid that was given to another process is never ours.
start_time_of() {
  local stat
  stat=$(cat "/proc/$1/stat" 2>/dev/null) || return 1
  # shellcheck disable=SC2086 # the fields are separated by blanks; the command name, which may hold some, is cut off
  set -- ${stat##*) }
  [[ $1 != Z ]] && echo "${20}" # a zombie has ended, whether or not somebody has asked for its exit code yet
}

# start_daemon NAME COMMAND...: in a session of its own, so that a Ctrl-C in the terminal reaches only the script that then stops it.
# Needs PIDS and LOGS, the folders for its pid file and its output. STARTED lists what this script has started.
STARTED=()
start_daemon() {
  local name=$1
  shift
  setsid nohup "$@" >>"$LOGS/$name.log" 2>&1 </dev/null 9>&- 8>&- &
  disown $! # else the shell reports its death in words of its own
  echo "$! $(start_time_of $! || true)" >"$PIDS/$name"
  STARTED+=("$name")
}

daemon_pid() {
  local pid started
  read -r pid started 2>/dev/null <"$PIDS/$1" || return 1
  [[ -n $started && $(start_time_of "$pid") == "$started" ]] && echo "$pid"
}
is_running() { daemon_pid "$1" >/dev/null; }
is_stopped() { ! is_running "$1"; }

# stop_daemon NAME [SIGNAL] [SECONDS]: the signal, a grace period (default TERM, 10 s), then KILL. Nothing to do is no error.
stop_daemon() {
  local name=$1 pid
  if pid=$(daemon_pid "$name"); then
    kill -s "${2:-TERM}" "$pid" 2>/dev/null || true
    wait_until "${3:-10}" is_stopped "$name" || kill -s KILL "$pid" 2>/dev/null || true
    wait_until 5 is_stopped "$name" || true
  fi
  rm -f "${PIDS:?}/$name"
}
