-- 69_demo: what demo data are made of: even random numbers from a seed, names, places and their patterns.
--
-- Nothing here is random: every value follows from a seed and the table, column and key that it is for, so
-- that two runs over the same orders make the same people.

CREATE OR REPLACE FUNCTION crm._demo_u(table_name text, column_name text, row_key text)
RETURNS double precision
LANGUAGE sql IMMUTABLE PARALLEL SAFE SECURITY INVOKER
RETURN (hashtextextended(table_name || '.' || column_name || '.' || row_key, 20111209) & 9007199254740991)
    / 9007199254740992.0::double precision;
COMMENT ON FUNCTION crm._demo_u(text, text, text) IS
    'Number from 0 to below 1, evenly spread, that follows from table, column and key of a row alone.';

CREATE OR REPLACE FUNCTION crm._demo_pick(choices text[], u double precision)
RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE SECURITY INVOKER
RETURN choices[1 + floor(u * cardinality(choices))::integer];
COMMENT ON FUNCTION crm._demo_pick(text[], double precision) IS
    'Element of the list that the number from 0 to below 1 falls on.';

CREATE OR REPLACE FUNCTION crm._demo_fill(pattern text, row_key text)
RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE SECURITY INVOKER
SET search_path = pg_catalog, crm, pg_temp
AS $body$
    SELECT string_agg(
        CASE c.mark
            WHEN '#' THEN floor(10 * crm._demo_u(pattern, c.place::text, row_key))::text
            WHEN '@' THEN substr(
                'ABDEFGHJLNPQRSTUWXYZ',
                1 + floor(20 * crm._demo_u(pattern, c.place::text, row_key))::integer,
                1
            )
            ELSE c.mark
        END,
        '' ORDER BY c.place
    )
    FROM regexp_split_to_table(pattern, '') WITH ORDINALITY AS c (mark, place)
$body$;
COMMENT ON FUNCTION crm._demo_fill(text, text) IS
    'Pattern with a digit in place of every # and a capital letter in place of every @, by the key.';

-- Letters beyond ASCII stand as \uXXXX, so that this file can be installed in a database of any encoding.
CREATE OR REPLACE FUNCTION crm._demo_text(escaped text)
RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE SECURITY INVOKER
RETURN ('"' || escaped || '"')::jsonb #>> '{}';
COMMENT ON FUNCTION crm._demo_text(text) IS
    'Text with every \uXXXX replaced by the letter that it stands for.';

CREATE OR REPLACE FUNCTION crm._demo_ascii(word text)
RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE SECURITY INVOKER
RETURN btrim(
    regexp_replace(
        regexp_replace(
            normalize(
                translate(lower(word), crm._demo_text('\u0142\u00f8\u00f0\u00e6\u00df'), 'lodas'), NFKD
            ),
            '[^ -~]', '', 'g'
        ),
        '[^a-z0-9]+', '-', 'g'
    ),
    '-'
);
COMMENT ON FUNCTION crm._demo_ascii(text) IS
    'Word in small letters without accents and with hyphens for all else, as an e-mail address needs it.';

CREATE OR REPLACE FUNCTION crm._demo_language()
RETURNS TABLE (
    language text, first_names text[], last_names text[], streets text[], business_words text[]
)
LANGUAGE sql IMMUTABLE PARALLEL SAFE SECURITY INVOKER
SET search_path = pg_catalog, crm, pg_temp
ROWS 12
AS $body$
    SELECT
        v.language,
        string_to_array(crm._demo_text(v.first_names), ' '),
        string_to_array(crm._demo_text(v.last_names), ' '),
        string_to_array(crm._demo_text(v.streets), '|'),
        string_to_array(crm._demo_text(v.business_words), '|')
    FROM (VALUES
        (
            'en',
            'Olivia Amelia Isla Ava Emily Sophie Grace Lily Freya Ivy Ella Poppy Evie Charlotte Alice '
            'Ruby Hannah Lucy Megan Chloe Jessica Rebecca Laura Sarah Claire Joanne Nicola Karen Susan '
            'Margaret Priya Aisha Fatima Anjali Zainab Mei Nia Siobhan Eilidh Carys Oliver George '
            'Harry Noah Jack Leo Arthur Oscar Freddie Alfie Henry Thomas William James Daniel Samuel '
            'Joseph Adam Ryan Luke Matthew Andrew Stephen Martin Keith Graham Colin Neil Stuart Gareth '
            'Rhys Callum Hamish Declan Ravi Arjun Imran Omar Kwame Tariq Winston Desmond',
            'Smith Jones Taylor Brown Williams Wilson Johnson Davies Patel Robinson Wright Thompson '
            'Evans Walker White Roberts Green Hall Wood Jackson Clarke Khan Harris Lewis Turner Scott '
            'Hill Moore Cooper Ward Morris King Baker Harrison Morgan Allen Begum Ali Hussain Ahmed '
            'Lee Martin Parker Bennett Bell Murphy Collins Kelly Cook Carter Richardson Bailey Shaw '
            'Graham Murray Campbell Stewart Macdonald Reid Ross Fraser Hamilton Griffiths Rees '
            'Llewellyn Pritchard Owen Byrne Doyle Gallagher Kaur Singh Shah Sharma Gupta Chaudhry '
            'Okafor Mensah Osei Adeyemi Chen Wong Holloway Whitfield Ashworth Barraclough Fairbairn '
            'Pemberton Thornton Winterbottom Hargreaves Lockwood Sutcliffe Dawson Fletcher Chapman '
            'Mason Hunt Palmer Webb Stone Marsh Lane Field Brooks Rivers Cross North West Bishop '
            'Knight Sawyer Potter Weaver Thatcher Cartwright',
            '%s High Street|%s Church Lane|%s Station Road|%s Victoria Road|%s Mill Lane|'
            '%s Park Avenue|%s Queen Street|%s King Street|%s The Green|%s Albert Terrace|'
            '%s Manor Close|%s Orchard Way|%s Chapel Street|%s Bridge Street|%s Market Place|'
            '%s Wellington Road|%s Elm Grove|%s Castle Hill|%s School Lane|%s Springfield Road|'
            '%s Windsor Drive|%s Kingsway|%s Meadow View|%s Grange Road',
            'Gifts|Interiors|Home & Garden|Trading|Emporium|Stores|Boutique|Living|Supplies|Crafts|'
            'Stationery|Tea Rooms|Florists|Books & Gifts|Kitchenware|Lighting|Furnishings|Toys|'
            'Delicatessen|Wholesale|Antiques|Garden Centre|Cards|Homewares'
        ),
        (
            'de',
            'Anna Lena Julia Katharina Sabine Petra Ursula Heike Monika Claudia Lukas Jonas Felix '
            'Maximilian Stefan Thomas Andreas J\u00fcrgen Uwe Matthias Florian Wolfgang',
            'M\u00fcller Schmidt Schneider Fischer Weber Meyer Wagner Becker Schulz Hoffmann Koch '
            'Bauer Richter Klein Wolf Schr\u00f6der Neumann Schwarz Zimmermann Braun Kr\u00fcger '
            'Hofmann Lange Huber Steiner Brunner',
            'Hauptstra\u00dfe %s|Bahnhofstra\u00dfe %s|Gartenweg %s|Lindenallee %s|Schulstra\u00dfe %s|'
            'Bergstra\u00dfe %s|Goethestra\u00dfe %s|Kirchgasse %s',
            'Geschenke|Wohnen|Handel|Dekoration|Gartenwelt|Papeterie|Haushaltswaren|Versand'
        ),
        (
            'fr',
            'Camille L\u00e9a Manon Chlo\u00e9 Sophie Nathalie Isabelle Sylvie Amandine \u00c9lodie '
            'Lucas Hugo Louis Antoine Julien Nicolas Pierre Jean Philippe Olivier Beno\u00eet',
            'Martin Bernard Dubois Thomas Robert Richard Petit Durand Leroy Moreau Simon Laurent '
            'Lefebvre Michel Garcia Roux Fontaine Chevalier Rousseau Blanchard Girard Mercier Lambert '
            'Janssens Peeters',
            '%s rue de la R\u00e9publique|%s avenue Victor Hugo|%s rue des Lilas|'
            '%s place du March\u00e9|%s rue de l''\u00c9glise|%s boulevard Gambetta|%s rue Pasteur',
            'Cadeaux|Maison|D\u00e9coration|Jardin|Papeterie|Art de la Table|Boutique'
        ),
        (
            'nl',
            'Sanne Lotte Emma Anouk Marieke Saskia Ingrid Daan Sem Bram Jeroen Pieter Willem Maarten '
            'Joost',
            'Jansen Bakker Visser Smit Meijer Mulder Bos Vos Peters Hendriks Dekker Brouwer Dijkstra '
            'Kuipers',
            'Dorpsstraat %s|Kerkstraat %s|Molenweg %s|Schoolstraat %s|Julianalaan %s',
            'Cadeaus|Wonen|Handel|Tuin|Interieur'
        ),
        (
            'es',
            'Luc\u00eda Mar\u00eda Carmen Laura Marta Elena Pilar Roc\u00edo Hugo Javier Carlos '
            'Alejandro Miguel Antonio Jos\u00e9 Luis',
            'Garc\u00eda Fern\u00e1ndez Gonz\u00e1lez Rodr\u00edguez L\u00f3pez Mart\u00ednez '
            'S\u00e1nchez P\u00e9rez G\u00f3mez Ruiz Moreno Navarro Ortega Castro Serrano',
            'Calle Mayor %s|Avenida de la Constituci\u00f3n %s|Calle del Sol %s|'
            'Plaza de Espa\u00f1a %s|Calle Real %s',
            'Regalos|Hogar|Decoraci\u00f3n|Jard\u00edn|Comercial'
        ),
        (
            'pt',
            'Maria Ana Beatriz In\u00eas Mariana Catarina Joana Jo\u00e3o Pedro Tiago Miguel Rui Nuno '
            'Paulo',
            'Silva Santos Ferreira Pereira Oliveira Costa Rodrigues Martins Sousa Fernandes Lopes '
            'Almeida',
            'Rua Direita %s|Avenida da Liberdade %s|Rua das Flores %s|Largo do Carmo %s',
            'Presentes|Casa|Decora\u00e7\u00f5es|Com\u00e9rcio'
        ),
        (
            'it',
            'Giulia Chiara Francesca Martina Elena Paola Silvia Marco Luca Alessandro Matteo Giovanni '
            'Paolo Andrea',
            'Rossi Russo Ferrari Esposito Bianchi Romano Colombo Ricci Marino Greco Conti Gallo Borg '
            'Vella',
            'Via Roma %s|Via Garibaldi %s|Corso Italia %s|Via Verdi %s|Piazza del Duomo %s',
            'Regali|Casa|Arredo|Giardino|Bomboniere'
        ),
        (
            'el',
            'Maria Eleni Katerina Sofia Despina Ioanna Giorgos Nikos Dimitris Kostas Andreas Christos '
            'Panagiotis',
            'Papadopoulos Georgiou Nikolaidis Ioannou Dimitriou Christodoulou Konstantinou Pavlou '
            'Charalambous',
            'Ermou %s|Leoforos Athinon %s|Odos Kolokotroni %s|Makariou Avenue %s',
            'Gifts|Home|Trading|Imports'
        ),
        (
            'nordic',
            'Astrid Ingrid Freja Sigrid Liv Emma Saga Aino Helmi Katr\u00edn Erik Lars Magnus Nils '
            'Oskar Henrik Johan Mikkel Eero J\u00f3n',
            'Hansen Johansen Olsen Larsen Andersson Johansson Karlsson Nilsson Jensen Nielsen Pedersen '
            'Korhonen Virtanen M\u00e4kinen Berg Lund Dahl Lindqvist Sigur\u00f0sson',
            'Storgata %s|Kirkeveien %s|Strandv\u00e4gen %s|Skolegade %s|Bj\u00f6rkv\u00e4gen %s|'
            'Mannerheimintie %s',
            'Gaver|Hem & Tr\u00e4dg\u00e5rd|Interi\u00f8r|Design|Handel'
        ),
        (
            'east',
            'Anna Katarzyna Agnieszka Ma\u0142gorzata Jana Lenka Rasa Piotr Krzysztof Tomasz Jan Marek '
            'Ji\u0159\u00ed Tom\u00e1\u0161 Jonas',
            'Nowak Kowalski Wi\u015bniewski W\u00f3jcik Kami\u0144ski Lewandowski Nov\u00e1k Svoboda '
            'Dvo\u0159\u00e1k Proch\u00e1zka Kazlauskas',
            'ul. D\u0142uga %s|ul. Kwiatowa %s|Hlavn\u00ed %s|Gedimino pr. %s|ul. Szkolna %s',
            'Prezenty|Dom i Ogr\u00f3d|Handel|Dekor'
        ),
        (
            'levant',
            'Layla Noor Mariam Yasmin Hala Tamar Noa Shira Omar Khalid Yusuf Sami Karim Eitan Yosef '
            'Daniel',
            'Haddad Khoury Mansour Nasser Saleh Al-Amin Al-Farsi Al-Mansoori Cohen Levi Mizrahi Katz '
            'Friedman',
            '%s King Faisal Street|%s Al Corniche Road|%s Herzl Street|%s Garden Street|%s Cedar Avenue',
            'Trading|Gifts|Home|General Stores'
        ),
        (
            'asia',
            'Yuki Sakura Hina Aoi Mei Ling Hui Xin Jia Haruto Ren Takumi Kenji Wei Jun Ming Kai Hao',
            'Sato Suzuki Takahashi Tanaka Watanabe Ito Yamamoto Nakamura Chan Cheung Lau Tan Lim Ng '
            'Goh Koh',
            '%s Orchard Road|%s Nathan Road|%s Sakura-dori|%s Harbour Road|%s Temple Street',
            'Trading|Zakka|Gifts|Living|Design'
        )
    ) AS v (language, first_names, last_names, streets, business_words)
$body$;
COMMENT ON FUNCTION crm._demo_language() IS
    'Names of people, patterns of streets (%s is the number) and words of business names, by language.';

CREATE OR REPLACE FUNCTION crm._demo_country()
RETURNS TABLE (
    country_code text, country text, region text, language text, weight double precision,
    business_suffix text, phone_pattern text, cities text[]
)
LANGUAGE sql IMMUTABLE PARALLEL SAFE SECURITY INVOKER
SET search_path = pg_catalog, crm, pg_temp
ROWS 40
AS $body$
    -- cities: name, state, postal code and, where it differs from the country's, phone, with # for a digit
    -- and @ for a letter. Phone numbers are from ranges kept free for fiction where a country has one.
    SELECT
        v.country_code, v.country, v.region, v.language, v.weight, v.business_suffix, v.phone_pattern,
        string_to_array(crm._demo_text(v.cities), ';')
    FROM (VALUES
        (
            'GB', 'United Kingdom', 'United Kingdom', 'en', 60, 'Ltd', '+44 20 7946 0###',
            'London||E# #@@|;London||N# #@@|;London||SW# #@@|;Birmingham||B# #@@|+44 121 496 0###;'
            'Leeds||LS# #@@|+44 113 496 0###;Sheffield||S# #@@|+44 114 496 0###;'
            'Nottingham||NG# #@@|+44 115 496 0###;Leicester||LE# #@@|+44 116 496 0###;'
            'Bristol||BS# #@@|+44 117 496 0###;Reading||RG# #@@|+44 118 496 0###;'
            'Edinburgh||EH# #@@|+44 131 496 0###;Glasgow||G# #@@|+44 141 496 0###;'
            'Liverpool||L# #@@|+44 151 496 0###;Manchester||M# #@@|+44 161 496 0###;'
            'Newcastle upon Tyne||NE# #@@|+44 191 498 0###;Belfast||BT# #@@|+44 28 9649 6###;'
            'Cardiff||CF# #@@|+44 29 2018 0###'
        ),
        (
            'IE', 'Ireland', 'Ireland and Channel Islands', 'en', 3, 'Ltd', '+353 20 915 ####',
            'Dublin||D0# @###|;Cork||T12 @###|;Galway||H91 @###|;Limerick||V94 @###|'
        ),
        (
            'JE', 'Jersey', 'Ireland and Channel Islands', 'en', 1, 'Ltd', '+44 1534 496 0##',
            'Saint Helier||JE# #@@|;Saint Brelade||JE3 #@@|'
        ),
        (
            'DE', 'Germany', 'Western Europe', 'de', 7, 'GmbH', '+49 30 23125 ###',
            'Berlin||10###|;Hamburg||20###|+49 40 66969 ###;M\u00fcnchen||80###|+49 89 99998 ###;'
            'K\u00f6ln||50###|+49 221 4710 ###;Frankfurt am Main||60###|+49 69 90009 ###;'
            'Leipzig||04###|;Stuttgart||70###|'
        ),
        (
            'FR', 'France', 'Western Europe', 'fr', 6, 'SARL', '+33 1 99 00 ## ##',
            'Paris||750##|;Lyon||6900#|+33 4 65 71 ## ##;Marseille||130##|+33 4 65 71 ## ##;'
            'Bordeaux||33000|+33 5 36 49 ## ##;Lille||59000|+33 3 53 01 ## ##;'
            'Nantes||44000|+33 2 61 91 ## ##'
        ),
        (
            'NL', 'Netherlands', 'Western Europe', 'nl', 3, 'B.V.', '+31 20 555 ####',
            'Amsterdam||10## @@|;Rotterdam||30## @@|;Utrecht||35## @@|;Groningen||97## @@|'
        ),
        (
            'BE', 'Belgium', 'Western Europe', 'fr', 2, 'SPRL', '+32 2 555 ## ##',
            'Bruxelles||10##|;Li\u00e8ge||4000|;Namur||5000|;Gent||9000|'
        ),
        (
            'CH', 'Switzerland', 'Western Europe', 'de', 2, 'AG', '+41 44 555 ## ##',
            'Z\u00fcrich||80##|;Basel||40##|;Bern||30##|;Luzern||60##|'
        ),
        (
            'AT', 'Austria', 'Western Europe', 'de', 1, 'GmbH', '+43 1 555 ####',
            'Wien||1##0|;Graz||80##|;Linz||40##|;Salzburg||50##|'
        ),
        (
            'ES', 'Spain', 'Southern Europe', 'es', 3, 'S.L.', '+34 91 555 ####',
            'Madrid||280##|;Barcelona||080##|;Valencia||460##|;Sevilla||410##|'
        ),
        (
            'PT', 'Portugal', 'Southern Europe', 'pt', 2, 'Lda.', '+351 21 555 ####',
            'Lisboa||1###-###|;Porto||4###-###|;Coimbra||3000-###|'
        ),
        (
            'IT', 'Italy', 'Southern Europe', 'it', 2, 'S.r.l.', '+39 02 555 ####',
            'Milano||201##|;Roma||001##|;Torino||101##|;Bologna||401##|'
        ),
        (
            'GR', 'Greece', 'Southern Europe', 'el', 1, 'EPE', '+30 21 0555 ####',
            'Athina||10# ##|;Thessaloniki||54# ##|'
        ),
        (
            'CY', 'Cyprus', 'Southern Europe', 'el', 1, 'Ltd', '+357 22 555 ###',
            'Nicosia||10##|;Limassol||30##|'
        ),
        (
            'MT', 'Malta', 'Southern Europe', 'it', 0.5, 'Ltd', '+356 2155 ####',
            'Valletta||VLT 1###|;Sliema||SLM 1###|'
        ),
        (
            'NO', 'Norway', 'Northern and Eastern Europe', 'nordic', 1.5, 'AS', '+47 22 55 ## ##',
            'Oslo||0###|;Bergen||50##|'
        ),
        (
            'SE', 'Sweden', 'Northern and Eastern Europe', 'nordic', 1.5, 'AB', '+46 8 465 004 ##',
            'Stockholm||11# ##|;G\u00f6teborg||41# ##|+46 31 390 06 ##;'
            'Malm\u00f6||21# ##|+46 40 628 04 ##'
        ),
        (
            'DK', 'Denmark', 'Northern and Eastern Europe', 'nordic', 1, 'A/S', '+45 33 55 ## ##',
            'K\u00f8benhavn||1###|;Aarhus||80##|'
        ),
        (
            'FI', 'Finland', 'Northern and Eastern Europe', 'nordic', 1, 'Oy', '+358 9 555 ####',
            'Helsinki||00##0|;Tampere||33##0|'
        ),
        (
            'IS', 'Iceland', 'Northern and Eastern Europe', 'nordic', 0.5, 'ehf.', '+354 555 ####',
            'Reykjav\u00edk||10#|'
        ),
        (
            'PL', 'Poland', 'Northern and Eastern Europe', 'east', 1, 'Sp. z o.o.', '+48 22 555 ## ##',
            'Warszawa||0#-###|;Krak\u00f3w||3#-###|'
        ),
        (
            'CZ', 'Czech Republic', 'Northern and Eastern Europe', 'east', 0.5, 's.r.o.', '+420 222 555 ###',
            'Praha||1## 00|;Brno||60# 00|'
        ),
        (
            'LT', 'Lithuania', 'Northern and Eastern Europe', 'east', 0.5, 'UAB', '+370 5 255 5###',
            'Vilnius||LT-0####|'
        ),
        (
            'US', 'United States', 'Americas', 'en', 2, 'Inc.', '+1 212 555 01##',
            'New York|NY|100##|;Austin|TX|787##|+1 512 555 01##;Portland|OR|972##|+1 503 555 01##;'
            'Boston|MA|021##|+1 617 555 01##;Chicago|IL|606##|+1 312 555 01##'
        ),
        (
            'CA', 'Canada', 'Americas', 'en', 1, 'Inc.', '+1 416 555 01##',
            'Toronto|ON|M5@ #@#|;Vancouver|BC|V6@ #@#|+1 604 555 01##;'
            'Halifax|NS|B3@ #@#|+1 902 555 01##'
        ),
        (
            'BR', 'Brazil', 'Americas', 'pt', 0.5, 'Ltda.', '+55 11 5555 ####',
            'S\u00e3o Paulo|SP|01###-###|;Curitiba|PR|80###-###|'
        ),
        (
            'AU', 'Australia', 'Asia Pacific', 'en', 1.5, 'Pty Ltd', '+61 2 5550 ####',
            'Sydney|NSW|20##|;Melbourne|VIC|30##|+61 3 5550 ####;Brisbane|QLD|40##|+61 7 5550 ####'
        ),
        (
            'JP', 'Japan', 'Asia Pacific', 'asia', 1, 'K.K.', '+81 3 5550 ####',
            'Tokyo||1##-00##|;Osaka||5##-00##|'
        ),
        (
            'SG', 'Singapore', 'Asia Pacific', 'asia', 0.5, 'Pte. Ltd.', '+65 6555 ####',
            'Singapore||23####|'
        ),
        (
            'HK', 'Hong Kong', 'Asia Pacific', 'asia', 0.5, 'Ltd', '+852 2555 ####',
            'Hong Kong|||'
        ),
        (
            'IL', 'Israel', 'Middle East and Africa', 'levant', 0.5, 'Ltd', '+972 3 555 ####',
            'Tel Aviv||6#####|;Haifa||3#####|'
        ),
        (
            'AE', 'United Arab Emirates', 'Middle East and Africa', 'levant', 0.5, 'LLC', '+971 4 555 ####',
            'Dubai|||;Abu Dhabi|||'
        ),
        (
            'SA', 'Saudi Arabia', 'Middle East and Africa', 'levant', 0.5, 'LLC', '+966 11 555 ####',
            'Riyadh||11###|;Jeddah||21###|'
        ),
        (
            'LB', 'Lebanon', 'Middle East and Africa', 'levant', 0.5, 'SARL', '+961 1 555 ###',
            'Beirut||#### ####|'
        ),
        (
            'BH', 'Bahrain', 'Middle East and Africa', 'levant', 0.5, 'WLL', '+973 1755 ####',
            'Manama||3##|'
        ),
        (
            'ZA', 'South Africa', 'Middle East and Africa', 'en', 0.5, 'Pty Ltd', '+27 11 555 ####',
            'Johannesburg||20##|;Cape Town||80##|'
        )
    ) AS v (country_code, country, region, language, weight, business_suffix, phone_pattern, cities)
$body$;
COMMENT ON FUNCTION crm._demo_country() IS
    'Countries of the demo data: sales region, language, share of the customers that are made up, and what '
    'addresses and phone numbers look like there.';

CREATE OR REPLACE FUNCTION crm._demo_regions()
RETURNS bigint
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY INVOKER
SET search_path = pg_catalog, crm, pg_temp
AS $body$
DECLARE
    made bigint;
BEGIN
    INSERT INTO crm.region (name) VALUES ('British Isles'), ('Continental Europe'), ('Overseas')
    ON CONFLICT (name) DO NOTHING;
    INSERT INTO crm.region (name, parent_region_id)
    SELECT d.region, p.region_id
    FROM (SELECT DISTINCT c.region FROM crm._demo_country() c) d
    JOIN crm.region p ON p.name = CASE
        WHEN d.region IN ('United Kingdom', 'Ireland and Channel Islands') THEN 'British Isles'
        WHEN d.region LIKE '% Europe' THEN 'Continental Europe'
        ELSE 'Overseas'
    END
    ORDER BY d.region
    ON CONFLICT (name) DO NOTHING;
    INSERT INTO crm.region_coverage (country_code, region_id)
    SELECT c.country_code, r.region_id
    FROM crm._demo_country() c
    JOIN crm.region r ON r.name = c.region
    ON CONFLICT (country_code, state) DO NOTHING;
    GET DIAGNOSTICS made = ROW_COUNT;
    RETURN made;
END;
$body$;
COMMENT ON FUNCTION crm._demo_regions() IS
    'Makes the tree of sales regions of the demo and what countries they cover, where not there yet; returns '
    'how many countries were added.';
