PRAGMA user_version = 1;

-- index energy_prices below 40 else 40
CREATE INDEX "energy_prices below 40 else 40" ON energy_prices (tags, slot, gapfill_grade) WHERE coalesce(gapfill_grade, 40) < 40;

-- index energy_prices beyond price_eur_mwh -1000.0 to 10000.0, price_eur_kwh -1.0 to 10.0
CREATE INDEX "energy_prices beyond price_eur_mwh -1000.0 to 10000.0, price_eur_kwh -1.0 to 10.0" ON energy_prices (tags, slot, price_eur_mwh, price_eur_kwh) WHERE ((price_eur_mwh IS NOT NULL AND NOT (price_eur_mwh IS NOT NULL AND +price_eur_mwh >= -1000.0 AND +price_eur_mwh <= 10000.0)) OR (price_eur_kwh IS NOT NULL AND NOT (price_eur_kwh IS NOT NULL AND +price_eur_kwh >= -1.0 AND +price_eur_kwh <= 10.0)));

-- index energy_prices with price_eur_mwh -1000.0 to 10000.0 every 3600 s
CREATE INDEX "energy_prices with price_eur_mwh -1000.0 to 10000.0 every 3600 s" ON energy_prices (tags, slot, price_eur_mwh) WHERE price_eur_mwh IS NOT NULL AND +price_eur_mwh >= -1000.0 AND +price_eur_mwh <= 10000.0 AND slot % 3600 = 0;

-- index gapfill_calls_batch
CREATE INDEX gapfill_calls_batch ON gapfill_calls (batch);

-- index gapfill_calls_source
CREATE INDEX gapfill_calls_source ON gapfill_calls (source, at);

-- index gapfill_ledger_batch
CREATE INDEX gapfill_ledger_batch ON gapfill_ledger (batch);

-- index gapfill_ledger_outcome
CREATE INDEX gapfill_ledger_outcome ON gapfill_ledger (series, outcome);

-- index gapfill_ledger_series
CREATE INDEX gapfill_ledger_series ON gapfill_ledger (series);

-- index weather_daily below 40 else 30
CREATE INDEX "weather_daily below 40 else 30" ON weather_daily (tags, slot, gapfill_grade) WHERE coalesce(gapfill_grade, 30) < 40;

-- index weather_daily beyond temperature_mean -40.0 to 50.0, temperature_max -40.0 to 60.0, temperature_min -50.0 to 50.0, humidity_mean 0.0 to 100.0, wind_speed_mean 0.0 to 100.0, wind_gust_max 0.0 to 150.0, pressure_max 500.0 to 1100.0, pressure_min 500.0 to 1100.0, precipitation 0.0 to 1000.0, solar_radiation 0.0 to 50.0, et0 0.0 to 30.0
CREATE INDEX "weather_daily beyond temperature_mean -40.0 to 50.0, temperature_max -40.0 to 60.0, temperature_min -50.0 to 50.0, humidity_mean 0.0 to 100.0, wind_speed_mean 0.0 to 100.0, wind_gust_max 0.0 to 150.0, pressure_max 500.0 to 1100.0, pressure_min 500.0 to 1100.0, precipitation 0.0 to 1000.0, solar_radiation 0.0 to 50.0, et0 0.0 to 30.0" ON weather_daily (tags, slot, temperature_mean, temperature_max, temperature_min, humidity_mean, wind_speed_mean, wind_gust_max, pressure_max, pressure_min, precipitation, solar_radiation, et0) WHERE ((temperature_mean IS NOT NULL AND NOT (temperature_mean IS NOT NULL AND +temperature_mean >= -40.0 AND +temperature_mean <= 50.0)) OR (temperature_max IS NOT NULL AND NOT (temperature_max IS NOT NULL AND +temperature_max >= -40.0 AND +temperature_max <= 60.0)) OR (temperature_min IS NOT NULL AND NOT (temperature_min IS NOT NULL AND +temperature_min >= -50.0 AND +temperature_min <= 50.0)) OR (humidity_mean IS NOT NULL AND NOT (humidity_mean IS NOT NULL AND +humidity_mean >= 0.0 AND +humidity_mean <= 100.0)) OR (wind_speed_mean IS NOT NULL AND NOT (wind_speed_mean IS NOT NULL AND +wind_speed_mean >= 0.0 AND +wind_speed_mean <= 100.0)) OR (wind_gust_max IS NOT NULL AND NOT (wind_gust_max IS NOT NULL AND +wind_gust_max >= 0.0 AND +wind_gust_max <= 150.0)) OR (pressure_max IS NOT NULL AND NOT (pressure_max IS NOT NULL AND +pressure_max >= 500.0 AND +pressure_max <= 1100.0)) OR (pressure_min IS NOT NULL AND NOT (pressure_min IS NOT NULL AND +pressure_min >= 500.0 AND +pressure_min <= 1100.0)) OR (precipitation IS NOT NULL AND NOT (precipitation IS NOT NULL AND +precipitation >= 0.0 AND +precipitation <= 1000.0)) OR (solar_radiation IS NOT NULL AND NOT (solar_radiation IS NOT NULL AND +solar_radiation >= 0.0 AND +solar_radiation <= 50.0)) OR (et0 IS NOT NULL AND NOT (et0 IS NOT NULL AND +et0 >= 0.0 AND +et0 <= 30.0)));

-- index weather_daily lacking observed et0 0.0 to 30.0 else 30
CREATE INDEX "weather_daily lacking observed et0 0.0 to 30.0 else 30" ON weather_daily (tags, slot, et0, gapfill_grade, gapfill_kept) WHERE (NOT (et0 IS NOT NULL AND +et0 >= 0.0 AND +et0 <= 30.0) OR CASE WHEN gapfill_kept IS NOT NULL AND instr((';' || gapfill_kept || ';'), ';et0:') > 0 THEN CAST(substr(substr(substr((';' || gapfill_kept || ';'), instr((';' || gapfill_kept || ';'), ';et0:') + 1), 1, instr(substr((';' || gapfill_kept || ';'), instr((';' || gapfill_kept || ';'), ';et0:') + 1), ';') - 1), -2) AS INTEGER) ELSE coalesce(gapfill_grade, 30) END < 30);

-- index weather_daily lacking observed solar_radiation 0.0 to 50.0 else 30
CREATE INDEX "weather_daily lacking observed solar_radiation 0.0 to 50.0 else 30" ON weather_daily (tags, slot, solar_radiation, gapfill_grade, gapfill_kept) WHERE (NOT (solar_radiation IS NOT NULL AND +solar_radiation >= 0.0 AND +solar_radiation <= 50.0) OR CASE WHEN gapfill_kept IS NOT NULL AND instr((';' || gapfill_kept || ';'), ';solar_radiation:') > 0 THEN CAST(substr(substr(substr((';' || gapfill_kept || ';'), instr((';' || gapfill_kept || ';'), ';solar_radiation:') + 1), 1, instr(substr((';' || gapfill_kept || ';'), instr((';' || gapfill_kept || ';'), ';solar_radiation:') + 1), ';') - 1), -2) AS INTEGER) ELSE coalesce(gapfill_grade, 30) END < 30);

-- index weather_daily with temperature_mean -40.0 to 50.0 every 86400 s
CREATE INDEX "weather_daily with temperature_mean -40.0 to 50.0 every 86400 s" ON weather_daily (tags, slot, temperature_mean) WHERE temperature_mean IS NOT NULL AND +temperature_mean >= -40.0 AND +temperature_mean <= 50.0 AND slot % 86400 = 0;

-- index weather_data below 30 else 30
CREATE INDEX "weather_data below 30 else 30" ON weather_data (tags, slot, gapfill_grade) WHERE coalesce(gapfill_grade, 30) < 30;

-- index weather_data beyond temperature -40.0 to 60.0, humidity 0.0 to 100.0, pressure 500.0 to 1100.0, wind_speed 0.0 to 100.0, wind_direction 0.0 to 360.0, wind_gust 0.0 to 150.0, precipitation 0.0 to 400.0, solar_radiation 0.0 to 1500.0
CREATE INDEX "weather_data beyond temperature -40.0 to 60.0, humidity 0.0 to 100.0, pressure 500.0 to 1100.0, wind_speed 0.0 to 100.0, wind_direction 0.0 to 360.0, wind_gust 0.0 to 150.0, precipitation 0.0 to 400.0, solar_radiation 0.0 to 1500.0" ON weather_data (tags, slot, temperature, humidity, pressure, wind_speed, wind_direction, wind_gust, precipitation, solar_radiation) WHERE ((temperature IS NOT NULL AND NOT (temperature IS NOT NULL AND +temperature >= -40.0 AND +temperature <= 60.0)) OR (humidity IS NOT NULL AND NOT (humidity IS NOT NULL AND +humidity >= 0.0 AND +humidity <= 100.0)) OR (pressure IS NOT NULL AND NOT (pressure IS NOT NULL AND +pressure >= 500.0 AND +pressure <= 1100.0)) OR (wind_speed IS NOT NULL AND NOT (wind_speed IS NOT NULL AND +wind_speed >= 0.0 AND +wind_speed <= 100.0)) OR (wind_direction IS NOT NULL AND NOT (wind_direction IS NOT NULL AND +wind_direction >= 0.0 AND +wind_direction <= 360.0)) OR (wind_gust IS NOT NULL AND NOT (wind_gust IS NOT NULL AND +wind_gust >= 0.0 AND +wind_gust <= 150.0)) OR (precipitation IS NOT NULL AND NOT (precipitation IS NOT NULL AND +precipitation >= 0.0 AND +precipitation <= 400.0)) OR (solar_radiation IS NOT NULL AND NOT (solar_radiation IS NOT NULL AND +solar_radiation >= 0.0 AND +solar_radiation <= 1500.0)));

-- index weather_data lacking observed solar_radiation 0.0 to 1500.0 else 30
CREATE INDEX "weather_data lacking observed solar_radiation 0.0 to 1500.0 else 30" ON weather_data (tags, slot, solar_radiation, gapfill_grade, gapfill_kept) WHERE (NOT (solar_radiation IS NOT NULL AND +solar_radiation >= 0.0 AND +solar_radiation <= 1500.0) OR CASE WHEN gapfill_kept IS NOT NULL AND instr((';' || gapfill_kept || ';'), ';solar_radiation:') > 0 THEN CAST(substr(substr(substr((';' || gapfill_kept || ';'), instr((';' || gapfill_kept || ';'), ';solar_radiation:') + 1), 1, instr(substr((';' || gapfill_kept || ';'), instr((';' || gapfill_kept || ';'), ';solar_radiation:') + 1), ';') - 1), -2) AS INTEGER) ELSE coalesce(gapfill_grade, 30) END < 30);

-- index weather_data with temperature -40.0 to 60.0, humidity 0.0 to 100.0 every 3600 s
CREATE INDEX "weather_data with temperature -40.0 to 60.0, humidity 0.0 to 100.0 every 3600 s" ON weather_data (tags, slot, temperature, humidity) WHERE temperature IS NOT NULL AND +temperature >= -40.0 AND +temperature <= 60.0 AND humidity IS NOT NULL AND +humidity >= 0.0 AND +humidity <= 100.0 AND slot % 3600 = 0;

-- table energy_prices
CREATE TABLE energy_prices (
	tags TEXT NOT NULL, 
	slot INTEGER NOT NULL, 
	price_eur_mwh REAL, 
	price_eur_kwh REAL, 
	gapfill_grade INTEGER, 
	gapfill_source TEXT, 
	gapfill_batch TEXT, 
	gapfill_kept TEXT, 
	PRIMARY KEY (tags, slot)
)
 WITHOUT ROWID;

-- table gapfill_blocks
CREATE TABLE gapfill_blocks (
	source TEXT NOT NULL, 
	until FLOAT NOT NULL, 
	reason TEXT NOT NULL, 
	PRIMARY KEY (source)
);

-- table gapfill_calls
CREATE TABLE gapfill_calls (
	id INTEGER NOT NULL, 
	source TEXT NOT NULL, 
	at FLOAT NOT NULL, 
	batch TEXT NOT NULL, 
	records INTEGER DEFAULT '0' NOT NULL, 
	PRIMARY KEY (id)
);

-- table gapfill_learned
CREATE TABLE gapfill_learned (
	subject TEXT NOT NULL, 
	name TEXT NOT NULL, 
	value FLOAT NOT NULL, 
	at FLOAT NOT NULL, 
	PRIMARY KEY (subject, name)
);

-- table gapfill_ledger
CREATE TABLE gapfill_ledger (
	id INTEGER NOT NULL, 
	series TEXT NOT NULL, 
	product TEXT NOT NULL, 
	station TEXT, 
	start INTEGER NOT NULL, 
	"end" INTEGER NOT NULL, 
	outcome TEXT NOT NULL, 
	asked_at FLOAT NOT NULL, 
	evidence TEXT NOT NULL, 
	batch TEXT NOT NULL, 
	field TEXT, 
	evidence_kind TEXT, 
	PRIMARY KEY (id)
);

-- table gapfill_replaced
CREATE TABLE gapfill_replaced (
	id INTEGER NOT NULL, 
	series TEXT NOT NULL, 
	slot INTEGER NOT NULL, 
	batch TEXT NOT NULL, 
	"before" TEXT, 
	PRIMARY KEY (id), 
	UNIQUE (batch, series, slot)
);

-- table weather_daily
CREATE TABLE weather_daily (
	tags TEXT NOT NULL, 
	slot INTEGER NOT NULL, 
	temperature_mean REAL, 
	temperature_max REAL, 
	temperature_min REAL, 
	humidity_mean REAL, 
	wind_speed_mean REAL, 
	wind_gust_max REAL, 
	pressure_max REAL, 
	pressure_min REAL, 
	precipitation REAL, 
	solar_radiation REAL, 
	et0 REAL, 
	gapfill_grade INTEGER, 
	gapfill_source TEXT, 
	gapfill_batch TEXT, 
	gapfill_kept TEXT, 
	PRIMARY KEY (tags, slot)
)
 WITHOUT ROWID;

-- table weather_data
CREATE TABLE weather_data (
	tags TEXT NOT NULL, 
	slot INTEGER NOT NULL, 
	temperature REAL, 
	humidity REAL, 
	pressure REAL, 
	wind_speed REAL, 
	wind_direction REAL, 
	wind_gust REAL, 
	precipitation REAL, 
	solar_radiation REAL, 
	gapfill_grade INTEGER, 
	gapfill_source TEXT, 
	gapfill_batch TEXT, 
	gapfill_kept TEXT, 
	PRIMARY KEY (tags, slot)
)
 WITHOUT ROWID;
