#!/usr/bin/env bash
# Software: @influxdata/influxdb-client 1.35.0 and @influxdata/influxdb3-client 2.1.0 (npm).
#
# Setting: ESIOS, SIAR and AEMET write decimal commas ("171,48"). A Node.js loader hands the
# text to the float setter of a point.
#
# A good guess: "171,48" is no number in JavaScript, so the setter throws, as it does for an
# empty text.
#
# What really happens: the setter reads the text up to the first sign that it does not know.
# The fraction is lost without an error: 171,48 is stored as 171, 0,65 as 0, and 1.234,5
# as 1.234. The setters of both generations do it.
#
# Why it matters: the point exists, its value is plausible, no completeness check finds it.
# A PVPC history is up to 1 EUR/MWh too low in every hour; rain below 1 mm becomes 0.
#
# Output seen:
#   influxdb-client  "171.48"  -> price v=171.48 1
#   influxdb-client  "171,48"  -> price v=171 1
#   influxdb-client  "0,65"    -> price v=0 1
#   influxdb-client  "1.234,5" -> price v=1.234 1
#   influxdb-client  ""        -> error
#   influxdb3-client "171.48"  -> price v=171.48 1
#   influxdb3-client "171,48"  -> price v=171 1
#   influxdb3-client "0,65"    -> price v=0 1
#   influxdb3-client "1.234,5" -> price v=1.234 1
#   influxdb3-client ""        -> error
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
export npm_config_update_notifier=false npm_config_cache="$work/cache"
npm install --silent --no-audit --no-fund --ignore-scripts --prefix "$work" \
  @influxdata/influxdb-client@1.35.0 @influxdata/influxdb3-client@2.1.0 >/dev/null

cat >try.mjs <<'JS'
import { Point as Point2 } from '@influxdata/influxdb-client'
import { Point as Point3 } from '@influxdata/influxdb3-client'

const clients = {
  'influxdb-client': (text) => new Point2('price').floatField('v', text).timestamp('1').toLineProtocol(),
  'influxdb3-client': (text) => Point3.measurement('price').setFloatField('v', text).setTimestamp('1').toLineProtocol(),
}
const expected = {
  '171.48': 'price v=171.48 1',
  '171,48': 'price v=171 1',
  '0,65': 'price v=0 1',
  '1.234,5': 'price v=1.234 1',
  '': 'error',
}
let changed = false
for (const [name, line] of Object.entries(clients)) {
  for (const [text, want] of Object.entries(expected)) {
    let got
    try {
      got = line(text)
    } catch {
      got = 'error'
    }
    console.log(`${name.padEnd(16)} ${JSON.stringify(text).padEnd(9)} -> ${got}`)
    if (got !== want) changed = true
  }
}
if (changed) {
  console.log('CHANGED: the decimal comma is no longer cut off in silence')
  process.exit(1)
}
JS
node try.mjs
