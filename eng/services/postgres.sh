# shellcheck shell=bash
# PostgreSQL for one state folder: its own cluster under $STATE/postgres, its own port and passwords. Part of services.sh.

# Root cannot run the server: the package's own user does.
as_postgres() {
  if ((EUID == 0)); then
    (cd / && exec setpriv --reuid=postgres --regid=postgres --clear-groups "$@")
  else
    "$@"
  fi
}

# The server programs: those that made the cluster, or the newest.
postgres_bin() {
  local version folder
  version=$(cat "$STATE/postgres/data/PG_VERSION" 2>/dev/null || true)
  # shellcheck disable=SC2086 # the star is for the shell
  folder=$(printf '%s\n' /usr/lib/postgresql/${version:-*}/bin | sort -V | tail -n 1)
  [[ -x $folder/postgres ]] && echo "$folder"
}

# Packages, and a folder that the server's user can reach.
postgres_prepare() {
  local home=$STATE/postgres
  postgres_bin >/dev/null || need_packages postgresql-15
  postgres_bin >/dev/null || die "no PostgreSQL server programs under /usr/lib/postgresql that fit $home/data" \
    "PostgreSQL $(cat "$home/data/PG_VERSION" 2>/dev/null || echo '(unknown)') wrote that data: install it, or choose another state folder."
  mkdir -p "$home"
  chmod 700 "$home"
  if ((EUID == 0)); then
    chown postgres:postgres "$home"
    as_postgres test -w "$home" || die "the user 'postgres' cannot reach $home" \
      "PostgreSQL does not run as root. Choose a state folder that every user may pass through, such as the default /var/lib/heal."
  fi
}

postgres_start() {
  local bin port home=$STATE/postgres
  if is_running postgres; then
    say "PostgreSQL runs already on 127.0.0.1:$(cat "$home/port")"
    return
  fi
  bin=$(postgres_bin)
  # a server that was killed blocks its data folder until its parent has reaped it
  wait_until 10 postgres_is_gone || true
  postgres_initialise "$bin" "$home"
  port=$(cat "$home/port" 2>/dev/null || free_port)
  if port_is_open "$port"; then port=$(free_port); fi
  echo "$port" >"$home/port"
  local options=(-D "$home/data" -p "$port" -k "$home" -c listen_addresses=127.0.0.1 -c max_connections=200 -c timezone=UTC)
  if [[ $THROWAWAY == yes ]]; then options+=(-c fsync=off -c synchronous_commit=off -c full_page_writes=off); fi
  say "starting PostgreSQL $(cat "$home/data/PG_VERSION") on 127.0.0.1:$port (data in $home/data)"
  if ((EUID == 0)); then
    start_daemon postgres setpriv --reuid=postgres --regid=postgres --clear-groups env -C / "$bin/postgres" "${options[@]}"
  else
    start_daemon postgres "$bin/postgres" "${options[@]}"
  fi
}

postgres_is_gone() { [[ ! -e $PIDS/postgres || ! -e /proc/$(cut -d' ' -f1 "$PIDS/postgres") ]]; }

# A cluster is made aside and moved in place when complete, so that an interrupted first start leaves none that looks whole.
postgres_initialise() {
  local bin=$1 home=$2
  [[ -f $home/data/PG_VERSION ]] && return
  say "creating a PostgreSQL cluster"
  [[ -f $home/password ]] || (umask 077 && new_secret >"$home/password")
  if ((EUID == 0)); then chown postgres:postgres "$home/password"; fi
  rm -rf "$home/data.new" "$home/data"
  as_postgres "$bin/initdb" --pgdata="$home/data.new" --username=postgres --pwfile="$home/password" --auth=scram-sha-256 \
    --encoding=UTF8 --locale=C --no-sync >>"$LOGS/initdb.log" 2>&1 || die "initdb failed" "See $LOGS/initdb.log"
  mv "$home/data.new" "$home/data"
}

new_secret() { head -c 24 /dev/urandom | base64 | tr '+/' '-_'; }

postgres_wait() {
  local home=$STATE/postgres bin
  bin=$(postgres_bin)
  local log=$LOGS/postgres.log
  wait_until 30 postgres_answers "$bin" || die "PostgreSQL does not answer after 30 s" "Its log: $log" "$(tail -n 3 "$log")"
  is_running postgres || die "PostgreSQL ended while it started" "Its log: $log" "$(tail -n 3 "$log")"
  # The application's own role and database: it owns them and nothing else.
  if [[ $(postgres_sql "select count(*) from pg_database where datname = 'heal'") != 1 ]]; then
    postgres_sql "create role heal login password '$(cat "$home/password")'" >/dev/null
    postgres_sql 'create database heal owner heal' >/dev/null
  fi
}
postgres_answers() { ! is_running postgres || "$1/pg_isready" -q -h 127.0.0.1 -p "$(cat "$STATE/postgres/port")"; }

postgres_sql() {
  PGPASSWORD=$(cat "$STATE/postgres/password") "$(postgres_bin)/psql" -X -h 127.0.0.1 -p "$(cat "$STATE/postgres/port")" -U postgres \
    -d postgres -v ON_ERROR_STOP=1 -Atqc "$1"
}

# postgres_connection ROLE DATABASE: for Npgsql.
postgres_connection() {
  echo "Host=127.0.0.1;Port=$(cat "$STATE/postgres/port");Username=$1;Password=$(cat "$STATE/postgres/password");Database=$2"
}
