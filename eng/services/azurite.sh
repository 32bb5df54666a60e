# shellcheck shell=bash
# Azurite, the storage emulator, for one state folder: data and account key under $STATE/azurite. Part of services.sh.

azurite_start() {
  local home=$STATE/azurite blob queue table
  if is_running azurite; then
    say "Azurite runs already (queues on 127.0.0.1:$(cat "$home/port"))"
    return
  fi
  azurite_install
  mkdir -p "$home/data"
  chmod 700 "$home"
  [[ -f $home/key ]] || (umask 077 && head -c 64 /dev/urandom | base64 -w0 >"$home/key")
  # the ports of the last run, when they are still free: connection strings then survive a restart
  read -r queue blob table 2>/dev/null <"$home/ports" || true
  if [[ -z ${table:-} ]] || port_is_open "$queue" || port_is_open "$blob" || port_is_open "$table"; then
    queue=$(free_port) blob=$(free_port) table=$(free_port)
    while [[ $blob == "$queue" ]]; do blob=$(free_port); done
    while [[ $table == "$queue" || $table == "$blob" ]]; do table=$(free_port); done
  fi
  echo "$queue $blob $table" >"$home/ports"
  echo "$queue" >"$home/port"
  say "starting Azurite (queues on 127.0.0.1:$queue, data in $home/data)"
  AZURITE_ACCOUNTS="devstoreaccount1:$(cat "$home/key")" start_daemon azurite node "$AZURITE/node_modules/azurite/dist/src/azurite.js" \
    --location "$home/data" --silent --disableTelemetry --blobHost 127.0.0.1 --blobPort "$blob" \
    --queueHost 127.0.0.1 --queuePort "$queue" --tableHost 127.0.0.1 --tablePort "$table"
}

# Where this lock file's version is or will be.
azurite_folder() {
  echo "$HEAL_CACHE/azurite/$(cat "$HEAL_ENG"/azurite/package{,-lock}.json | sha256sum | cut -c1-12)"
}

# Installed once per lock file, into the cache. Aside first, then moved: an interrupted download is never taken for a whole one.
azurite_install() {
  command -v npm >/dev/null || die "npm is missing" "Azurite comes from npm: install Node 20 or newer."
  AZURITE=$(azurite_folder)
  [[ -d $AZURITE ]] && return
  say "installing Azurite from npm into $AZURITE"
  local fresh
  mkdir -p "$HEAL_CACHE/azurite"
  fresh=$(mktemp -d "$HEAL_CACHE/azurite/new.XXXXXX")
  cp "$HEAL_ENG"/azurite/{package.json,package-lock.json,.npmrc} "$fresh/"
  npm ci --prefix "$fresh" --ignore-scripts --omit=dev --loglevel=error >"$LOGS/npm.log" 2>&1 ||
    { rm -rf "$fresh" && die "npm could not install Azurite" "Its messages: $LOGS/npm.log" "$(tail -n 3 "$LOGS/npm.log")"; }
  # -T: when another run was faster, its folder stays and ours goes
  mv -T "$fresh" "$AZURITE" 2>/dev/null || rm -rf "$fresh"
}

azurite_wait() {
  wait_until 60 azurite_answers || die "Azurite does not answer after 60 s" "Its log: $LOGS/azurite.log"
  is_running azurite || die "Azurite ended while it started" "Its log: $LOGS/azurite.log" "$(tail -n 3 "$LOGS/azurite.log")"
}
azurite_answers() {
  local port
  is_running azurite || return 0 # it died: azurite_wait says so at once
  local ports
  read -ra ports <"$STATE/azurite/ports"
  for port in "${ports[@]}"; do port_is_open "$port" || return 1; done
}

azurite_connection() {
  local queue blob table
  read -r queue blob table <"$STATE/azurite/ports"
  printf 'DefaultEndpointsProtocol=http;AccountName=devstoreaccount1;AccountKey=%s;' "$(cat "$STATE/azurite/key")"
  printf 'BlobEndpoint=http://127.0.0.1:%s/devstoreaccount1;' "$blob"
  printf 'QueueEndpoint=http://127.0.0.1:%s/devstoreaccount1;' "$queue"
  printf 'TableEndpoint=http://127.0.0.1:%s/devstoreaccount1;' "$table"
}
