#!/bin/sh
# Makes the password file from the environment, then becomes the broker. Passwords are hashed in place, so they never
# stand in a process list, and the file lies in memory: nothing of them is left when the container is gone.
set -eu
umask 077

config="${MOSQUITTO_CONFIG:-/mosquitto/config/mosquitto.conf}"
passwords="$(sed -n 's/^password_file //p' "$config")"

printf 'gateway:%s\nstreet:%s\n' "${MQTT_GATEWAY_PASSWORD:?is missing}" "${MQTT_STREET_PASSWORD:?is missing}" > "$passwords"
mosquitto_passwd -U "$passwords"
# The broker gives up root when it starts; the file it reads then must be its own.
if [ "$(id -u)" = 0 ]; then
  chown mosquitto "$passwords"
fi

exec mosquitto -c "$config"
