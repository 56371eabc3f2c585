"""The matrix: what each fault at each door comes to, as literals.

Columns: the fault · how the fill ends, by the certificate's outcome or the error's leaf ·
slots stored of the hole (4; ``openweathermap`` 1, ``timemachine`` 2, days 3) · what the
ledger says of the hole · calls that came · words of the sentence that the operator reads.
"""

from __future__ import annotations

# REE apidatos
REE = """
timeout      SourceUnavailable 0 unreached      1 no answer within
reset        SourceUnavailable 0 unreached      1 the connection was reset
truncated    SourceUnavailable 0 unreached      1 the answer broke off
slow         filled            4 filled         1
big_body     MalformedPayload  0 failed         1 is larger than 5000000 bytes
redirect     SourceUnavailable 0 unreached      1 which is not followed
401          deferred          0 -              1 a call without credentials was refused
403          deferred          0 -              1 a call without credentials was refused
403_quota    deferred          0 -              1 a call without credentials was refused
429          deferred          0 -              3 may be asked again in 60 s. Deferred
500          SourceUnavailable 0 unreached      1 answered HTTP 500
502          SourceUnavailable 0 unreached      1 answered HTTP 502
estado_429   MalformedPayload  0 failed         1 Nothing of it was stored
html         MalformedPayload  0 failed         1 it is a web page, not JSON
firewall     deferred          0 -              1 the API's firewall refused
firewall_200 deferred          0 -              1 the API's firewall refused
too_many_at_once deferred      0 -              3 may be asked again in 15 s. Deferred
empty        no_data           0 no_data        1
duplicated   filled            4 filled         1
shifted      MalformedPayload  0 failed         1 2025-11-03T23:00:00Z, which was not asked
partial_day  partial           2 filled+not_yet 1
nan          partial           0 failed         1 4 values not stored: price_eur_mwh
text         partial           0 failed         1 4 values not stored: price_eur_mwh
huge         partial           0 failed         1 4 values not stored: price_eur_mwh
negative     filled            4 filled         1
zero         filled            4 filled         1
"""

# ESIOS, an indicator with a token
ESIOS = """
timeout      SourceUnavailable 0 unreached      1 no answer within
reset        SourceUnavailable 0 unreached      1 the connection was reset
truncated    SourceUnavailable 0 unreached      1 the answer broke off
slow         filled            4 filled         1
big_body     MalformedPayload  0 failed         1 is larger than 5000000 bytes
redirect     SourceUnavailable 0 unreached      1 which is not followed
401          AuthRejected      0 unreached      1 the key of connection 'esios_default'
403          AuthRejected      0 unreached      1 the key of connection 'esios_default'
403_quota    AuthRejected      0 unreached      1 the key of connection 'esios_default'
429          deferred          0 -              3 may be asked again in 60 s. Deferred
500          SourceUnavailable 0 unreached      1 answered HTTP 500
502          SourceUnavailable 0 unreached      1 answered HTTP 502
estado_429   MalformedPayload  0 failed         1 Nothing of it was stored
html         MalformedPayload  0 failed         1 it is a web page, not JSON
firewall     deferred          0 -              1 the API's firewall refused
firewall_200 deferred          0 -              1 the API's firewall refused
too_many_at_once deferred      0 -              3 may be asked again in 15 s. Deferred
empty        no_data           0 no_data        1
duplicated   filled            4 filled         1
shifted      MalformedPayload  0 failed         1 2025-11-03T23:00:00Z, which was not asked
partial_day  partial           2 filled+not_yet 1
nan          partial           0 failed         1 4 values not stored: price_eur_mwh
text         partial           0 failed         1 4 values not stored: price_eur_mwh
huge         partial           0 failed         1 4 values not stored: price_eur_mwh
negative     filled            4 filled         1
zero         filled            4 filled         1
"""

# ESIOS, the archive of a day: without a token, the rows behind a redirect
ESIOS_ARCHIVE = """
timeout      SourceUnavailable 0 unreached      1 no answer within
reset        SourceUnavailable 0 unreached      1 the connection was reset
truncated    SourceUnavailable 0 unreached      1 the answer broke off
slow         filled            4 filled         2
big_body     MalformedPayload  0 failed         2 is larger than 5000000 bytes
redirect     MalformedPayload  0 failed         1 it has no PVPC
401          deferred          0 -              1 a call without credentials was refused
403          deferred          0 -              1 a call without credentials was refused
403_quota    deferred          0 -              1 a call without credentials was refused
429          deferred          0 -              3 may be asked again in 60 s. Deferred
500          SourceUnavailable 0 unreached      1 answered HTTP 500
502          SourceUnavailable 0 unreached      1 answered HTTP 502
estado_429   MalformedPayload  0 failed         1 Nothing of it was stored
html         MalformedPayload  0 failed         1 it is a web page, not JSON
firewall     deferred          0 -              1 the API's firewall refused
firewall_200 deferred          0 -              1 the API's firewall refused
too_many_at_once deferred      0 -              3 may be asked again in 15 s. Deferred
expired_link SourceUnavailable 0 unreached      2 answered HTTP 403
empty        no_data           0 no_data        1
duplicated   filled            4 filled         2
shifted      MalformedPayload  0 failed         2 PVPC[23] is of '04/11/2025'
partial_day  partial           2 filled+not_yet 2
nan          partial           0 failed         2 4 values not stored: price_eur_mwh
text         partial           0 failed         2 4 values not stored: price_eur_mwh
huge         partial           0 failed         2 4 values not stored: price_eur_mwh
negative     filled            4 filled         2
zero         filled            4 filled         2
"""

# OpenWeatherMap, the reading of now (a 429 that names 300 s)
OPENWEATHERMAP = """
timeout      SourceUnavailable 0 unreached      1 no answer within
reset        SourceUnavailable 0 unreached      1 the connection was reset
truncated    SourceUnavailable 0 unreached      1 the answer broke off
slow         filled            1 filled         1
big_body     MalformedPayload  0 failed         1 is larger than 5000000 bytes
redirect     SourceUnavailable 0 unreached      1 which is not followed
401          AuthRejected      0 unreached      1 the key of connection 'openweathermap_default'
403          AuthRejected      0 unreached      1 the key of connection 'openweathermap_default'
403_quota    AuthRejected      0 unreached      1 the key of connection 'openweathermap_default'
429          deferred          0 -              1 may be asked again in 300 s. Deferred
500          SourceUnavailable 0 unreached      1 answered HTTP 500
502          SourceUnavailable 0 unreached      1 answered HTTP 502
estado_429   MalformedPayload  0 failed         1 Nothing of it was stored
html         MalformedPayload  0 failed         1 it is a web page, not JSON
firewall     deferred          0 -              1 the API's firewall refused
firewall_200 deferred          0 -              1 the API's firewall refused
too_many_at_once deferred      0 -              3 may be asked again in 15 s. Deferred
shifted      MalformedPayload  0 failed         1 2025-11-05T13:20:00Z, later than the clock
nan          partial           0 failed         1 7 values not stored: temperature
text         partial           0 failed         1 7 values not stored: temperature
huge         partial           0 failed         1 7 values not stored: temperature
negative     partial           1 failed+filled  1 6 values not stored: humidity
zero         filled            1 filled         1 1 value not stored: pressure
"""

# OpenWeatherMap, a past hour a call (a 429 that names 300 s); a refused key is tried at both
# generations of One Call
TIMEMACHINE = """
timeout      SourceUnavailable 0 unreached      1 no answer within
reset        SourceUnavailable 0 unreached      1 the connection was reset
truncated    SourceUnavailable 0 unreached      1 the answer broke off
slow         filled            2 filled         2
big_body     MalformedPayload  0 failed         2 is larger than 5000000 bytes
redirect     SourceUnavailable 0 unreached      1 which is not followed
401          AuthRejected      0 unreached      2 the key of connection 'openweathermap_default'
403          AuthRejected      0 unreached      2 the key of connection 'openweathermap_default'
403_quota    AuthRejected      0 unreached      2 the key of connection 'openweathermap_default'
429          deferred          0 -              1 may be asked again in 300 s. Deferred
500          SourceUnavailable 0 unreached      1 answered HTTP 500
502          SourceUnavailable 0 unreached      1 answered HTTP 502
estado_429   MalformedPayload  0 failed         2 Nothing of it was stored
html         MalformedPayload  0 failed         2 it is a web page, not JSON
firewall     deferred          0 -              1 the API's firewall refused
firewall_200 deferred          0 -              1 the API's firewall refused
too_many_at_once deferred      0 -              3 may be asked again in 15 s. Deferred
empty        no_data           0 no_data        2
duplicated   filled            2 filled         2
shifted      MalformedPayload  0 failed         2 data[0].dt is 2025-11-03T15:00:00Z
nan          partial           0 failed         2 12 values not stored: temperature
text         partial           0 failed         2 12 values not stored: temperature
huge         partial           0 failed         2 12 values not stored: temperature
negative     partial           2 failed+filled  2 10 values not stored: humidity
zero         filled            2 filled         2
"""

# OpenWeatherMap, past hours of One Call 4.0, twenty a call
TIMELINE = """
timeout      SourceUnavailable 0 unreached      1 no answer within
reset        SourceUnavailable 0 unreached      1 the connection was reset
truncated    SourceUnavailable 0 unreached      1 the answer broke off
slow         filled            4 filled         1
big_body     MalformedPayload  0 failed         1 is larger than 5000000 bytes
redirect     SourceUnavailable 0 unreached      1 which is not followed
401          AuthRejected      0 unreached      2 the key of connection 'openweathermap_default'
403          AuthRejected      0 unreached      2 the key of connection 'openweathermap_default'
403_quota    AuthRejected      0 unreached      2 the key of connection 'openweathermap_default'
429          deferred          0 -              1 may be asked again in 300 s. Deferred
500          SourceUnavailable 0 unreached      1 answered HTTP 500
502          SourceUnavailable 0 unreached      1 answered HTTP 502
estado_429   MalformedPayload  0 failed         1 Nothing of it was stored
html         MalformedPayload  0 failed         1 it is a web page, not JSON
firewall     deferred          0 -              1 the API's firewall refused
firewall_200 deferred          0 -              1 the API's firewall refused
too_many_at_once deferred      0 -              3 may be asked again in 15 s. Deferred
empty        no_data           0 no_data        1
duplicated   filled            4 filled         1
shifted      MalformedPayload  0 failed         1 its rows are moved
nan          partial           0 failed         1 24 values not stored: temperature
text         partial           0 failed         1 24 values not stored: temperature
huge         partial           0 failed         1 24 values not stored: temperature
negative     partial           4 failed+filled  1 20 values not stored: humidity
zero         filled            4 filled         1
partial_day  partial           3 failed+filled  1
"""

# AEMET's first hop
AEMET = """
timeout      SourceUnavailable 0 unreached      1 no answer within
reset        SourceUnavailable 0 unreached      1 the connection was reset
truncated    SourceUnavailable 0 unreached      1 the answer broke off
slow         filled            4 filled         2
big_body     MalformedPayload  0 failed         1 is larger than 5000000 bytes
redirect     SourceUnavailable 0 unreached      1 which is not followed
401          AuthRejected      0 unreached      1 the key of connection 'aemet_default'
403          AuthRejected      0 unreached      1 the key of connection 'aemet_default'
403_quota    AuthRejected      0 unreached      1 the key of connection 'aemet_default'
429          deferred          0 -              3 may be asked again in 61 s. Deferred
500          SourceUnavailable 0 unreached      1 answered HTTP 500
502          SourceUnavailable 0 unreached      1 answered HTTP 502
estado_429   deferred          0 -              3 may be asked again in 61 s. Deferred
html         MalformedPayload  0 failed         1 it is a web page, not JSON
firewall     deferred          0 -              1 the API's firewall refused
firewall_200 deferred          0 -              1 the API's firewall refused
too_many_at_once deferred      0 -              3 may be asked again in 15 s. Deferred
empty        not_yet           0 not_yet        1
"""

# AEMET's second hop, and what its rows can meet
AEMET_ROWS = """
timeout      SourceUnavailable 0 unreached      2 no answer within
reset        SourceUnavailable 0 unreached      2 the connection was reset
truncated    SourceUnavailable 0 unreached      2 the answer broke off
slow         filled            4 filled         2
big_body     MalformedPayload  0 failed         2 is larger than 5000000 bytes
redirect     SourceUnavailable 0 unreached      2 which is not followed
401          deferred          0 -              2 a call without credentials was refused
403          deferred          0 -              2 a call without credentials was refused
403_quota    deferred          0 -              2 a call without credentials was refused
429          deferred          0 -              4 may be asked again in 61 s. Deferred
500          SourceUnavailable 0 unreached      2 answered HTTP 500
502          SourceUnavailable 0 unreached      2 answered HTTP 502
estado_429   deferred          0 -              4 may be asked again in 61 s. Deferred
html         MalformedPayload  0 failed         2 it is a web page, not JSON
firewall     deferred          0 -              2 the API's firewall refused
firewall_200 deferred          0 -              2 the API's firewall refused
too_many_at_once deferred      0 -              4 may be asked again in 15 s. Deferred
expired_link SourceUnavailable 0 unreached      4 gave 2 links to the rows, and both had
duplicated   filled            4 filled         2
shifted      MalformedPayload  0 failed         2 2025-11-05T12:00:00Z, which is not over yet
partial_day  partial           2 filled+not_yet 2
nan          partial           0 failed         2 28 values not stored: temperature
text         partial           0 failed         2 28 values not stored: temperature
huge         partial           0 failed         2 28 values not stored: temperature
negative     partial           4 failed+filled  2 24 values not stored: humidity
zero         filled            4 filled         2 4 values not stored: pressure
"""

# AEMET's days
AEMET_DAILY = """
empty        no_data           0 unproven       1
duplicated   filled            3 filled         2
shifted      MalformedPayload  0 failed         2 2025-10-13T00:00:00Z, which was not asked
partial_day  filled            3 filled         2
nan          partial           0 failed         2 27 values not stored: temperature_mean
text         partial           0 failed         2 27 values not stored: temperature_mean
huge         partial           0 failed         2 27 values not stored: temperature_mean
negative     filled            3 filled         2 18 values not stored: humidity_mean
zero         filled            3 filled         2 6 values not stored: pressure_max
"""

# SIAR's authentication, four calls before the first request
SIAR_TOKEN = """
timeout      SourceUnavailable 0 unreached      1 no answer within
reset        SourceUnavailable 0 unreached      1 the connection was reset
truncated    SourceUnavailable 0 unreached      1 the answer broke off
slow         filled            4 filled         5
big_body     MalformedPayload  0 failed         1 is larger than 5000000 bytes
redirect     SourceUnavailable 0 unreached      1 which is not followed
401          AuthRejected      0 unreached      1 password of connection 'siar_default'
403          deferred          0 -              1 blocked (HTTP 403
403_quota    deferred          0 -              3 may be asked again in 65 s. Deferred
429          deferred          0 -              3 may be asked again in 60 s. Deferred
500          SourceUnavailable 0 unreached      1 answered HTTP 500
502          SourceUnavailable 0 unreached      1 answered HTTP 502
estado_429   MalformedPayload  0 failed         1 the authentication did not return a single word
html         MalformedPayload  0 failed         1 the authentication did not return a single word
firewall     deferred          0 -              1 the API's firewall refused
firewall_200 deferred          0 -              1 the API's firewall refused
too_many_at_once deferred      0 -              3 may be asked again in 15 s. Deferred
"""

# SIAR's half-hours
SIAR = """
timeout      SourceUnavailable 0 unreached      5 no answer within
reset        SourceUnavailable 0 unreached      5 the connection was reset
truncated    SourceUnavailable 0 unreached      5 the answer broke off
slow         filled            4 filled         5
big_body     MalformedPayload  0 failed         5 is larger than 5000000 bytes
redirect     SourceUnavailable 0 unreached      5 which is not followed
401          AuthRejected      0 unreached      6 password of connection 'siar_default'
403          deferred          0 -              5 blocked (HTTP 403
403_quota    deferred          0 -              7 may be asked again in 65 s. Deferred
429          deferred          0 -              7 may be asked again in 60 s. Deferred
500          SourceUnavailable 0 unreached      5 answered HTTP 500
502          SourceUnavailable 0 unreached      5 answered HTTP 502
estado_429   MalformedPayload  0 failed         5 Nothing of it was stored
html         MalformedPayload  0 failed         5 it is a web page, not JSON
firewall     deferred          0 -              5 the API's firewall refused
firewall_200 deferred          0 -              5 the API's firewall refused
too_many_at_once deferred      0 -              7 may be asked again in 15 s. Deferred
empty        no_data           0 no_data        5
duplicated   filled            4 filled         5
shifted      MalformedPayload  0 failed         5 2025-11-04, which was not asked
partial_day  partial           2 filled+no_data 5
nan          partial           0 failed         5 24 values not stored: temperature
text         partial           0 failed         5 24 values not stored: temperature
huge         partial           0 failed         5 24 values not stored: temperature
negative     partial           4 failed+filled  5 20 values not stored: humidity
zero         filled            4 filled         5
"""

# SIAR's days
SIAR_DAILY = """
empty        no_data           0 unproven       5
duplicated   filled            3 filled         5
shifted      MalformedPayload  0 failed         5 2025-10-13, which was not asked
partial_day  filled            3 filled         5
nan          partial           0 failed         5 27 values not stored: temperature_mean
text         partial           0 failed         5 27 values not stored: temperature_mean
huge         partial           0 failed         5 27 values not stored: temperature_mean
negative     filled            3 failed+filled  5 18 values not stored: humidity_mean
zero         filled            3 filled         5
"""

# Open-Meteo
OPEN_METEO = """
timeout      SourceUnavailable 0 unreached      1 no answer within
reset        SourceUnavailable 0 unreached      1 the connection was reset
truncated    SourceUnavailable 0 unreached      1 the answer broke off
slow         filled            4 filled         1
big_body     MalformedPayload  0 failed         1 is larger than 5000000 bytes
redirect     SourceUnavailable 0 unreached      1 which is not followed
401          deferred          0 -              1 a call without credentials was refused
403          deferred          0 -              1 a call without credentials was refused
403_quota    deferred          0 -              1 a call without credentials was refused
429          deferred          0 -              3 may be asked again in 60 s. Deferred
500          SourceUnavailable 0 unreached      1 answered HTTP 500
502          SourceUnavailable 0 unreached      1 answered HTTP 502
estado_429   MalformedPayload  0 failed         1 Nothing of it was stored
html         MalformedPayload  0 failed         1 it is a web page, not JSON
firewall     deferred          0 -              1 the API's firewall refused
firewall_200 deferred          0 -              1 the API's firewall refused
too_many_at_once deferred      0 -              3 may be asked again in 15 s. Deferred
empty        partial           0 failed         1
duplicated   filled            4 filled         1
shifted      MalformedPayload  0 failed         1 2025-11-03T23:00:00Z, which was not asked
partial_day  partial           2 failed+filled  1
nan          partial           0 failed         1 32 values not stored: temperature
text         partial           0 failed         1 32 values not stored: temperature
huge         partial           0 failed         1 32 values not stored: temperature
negative     partial           4 failed+filled  1 28 values not stored: humidity
zero         filled            4 filled         1 4 values not stored: pressure
"""

TABLES = {
    "ree": REE,
    "esios": ESIOS,
    "esios_archive": ESIOS_ARCHIVE,
    "openweathermap": OPENWEATHERMAP,
    "timemachine": TIMEMACHINE,
    "timeline": TIMELINE,
    "aemet": AEMET,
    "aemet_rows": AEMET_ROWS,
    "aemet_daily": AEMET_DAILY,
    "siar_token": SIAR_TOKEN,
    "siar": SIAR,
    "siar_daily": SIAR_DAILY,
    "open_meteo": OPEN_METEO,
}

BELIEVED = {
    ("ree", "negative"),
    ("ree", "zero"),
    ("esios", "negative"),
    ("esios", "zero"),
    ("esios_archive", "negative"),
    ("esios_archive", "zero"),
    ("openweathermap", "negative"),
    ("openweathermap", "zero"),
    ("timemachine", "negative"),
    ("timemachine", "zero"),
    ("timeline", "negative"),
    ("timeline", "zero"),
    ("aemet_rows", "zero"),
    ("aemet_daily", "negative"),
    ("aemet_daily", "zero"),
    ("siar", "zero"),
    ("aemet_rows", "negative"),
    ("siar", "negative"),
    ("open_meteo", "negative"),
    ("siar_daily", "negative"),
    ("siar_daily", "zero"),
    ("open_meteo", "zero"),
}
"""Cells whose values are wrong and could be right: a price of 0, a frost of -13 °C.

Nobody can tell, so they are stored as the source states them, and ``refresh`` corrects them.
"""
