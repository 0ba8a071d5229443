-- A small category tree for the goods of online_retail.csv, which has none, and the words by which a
-- product finds its place in it: the first rule counts that has a word of its name.

CREATE TABLE demo.category_rule (
    place integer PRIMARY KEY,
    family text NOT NULL,
    category text NOT NULL UNIQUE,
    words text NOT NULL
);
COMMENT ON TABLE demo.category_rule IS
    'By which words of its name a product of the file finds its category; the first match counts.';
COMMENT ON COLUMN demo.category_rule.place IS 'Order in which the rules are tried.';
COMMENT ON COLUMN demo.category_rule.family IS 'Category above this one.';
COMMENT ON COLUMN demo.category_rule.category IS 'Category that the product goes into.';
COMMENT ON COLUMN demo.category_rule.words IS 'Regular expression of the words, whole ones, plural or not.';

INSERT INTO demo.category_rule (place, family, category, words) VALUES
    (1, 'Seasonal and party', 'Christmas',
        'CHRISTMAS|XMAS|ADVENT|SANTA|REINDEER|SNOW|SNOWMAN|SNOWFLAKE|STOCKING|NOEL|WREATH|BAUBLE|'
        'RUDOLPH|NATIVITY'),
    (2, 'Seasonal and party', 'Easter',
        'EASTER|BUNNY|CHICK'),
    (3, 'Fashion', 'Jewellery',
        'NECKLACE|BRACELET|EARRING|BROOCH|PENDANT|RING|BANGLE|CHARM|DIAMANTE|HAIR|TIARA|LARIAT|JEWEL'),
    (4, 'Fashion', 'Bags and purses',
        'BAG|PURSE|WALLET|SHOPPER|SATCHEL|UMBRELLA|PARASOL|LUGGAGE'),
    (5, 'Home', 'Candles and lighting',
        'CANDLE|CANDLEPOT|CANDLESTICK|T-LIGHT|TEALIGHT|LIGHT|LAMP|LAMPSHADE|LANTERN|CHANDELIER|SHADE|'
        'INCENSE|VOTIVE|BULB'),
    (6, 'Kitchen and dining', 'Mugs, cups and tea',
        'MUG|CUP|TEACUP|TEA|COFFEE|TEAPOT|SAUCER|BEAKER'),
    (7, 'Kitchen and dining', 'Cooking and baking',
        'CAKE|CUPCAKE|CAKESTAND|BAKING|KITCHEN|OVEN|APRON|RECIPE|JELLY|MEASURING|WHISK|CUTTER|PANTRY|'
        'COOKING|FRYING|SCALES|JAM|COOKIE|BISCUIT|MOULD|POPCORN|PICNIC|LUNCH|BOTTLE|FLASK|SNACK|TRAY|'
        'FOOD'),
    (8, 'Kitchen and dining', 'Tableware',
        'PLATE|BOWL|CUTLERY|SPOON|FORK|KNIFE|GLASS|GLASSES|JUG|DISH|DISHES|NAPKIN|COASTER|PLACEMAT|'
        'PLACE SETTING|SERVING|GOBLET|DECANTER|PITCHER|SALT|CRUET|TUMBLER|TABLECLOTH|RUNNER|PLATTER|'
        'DOILY|DOILIES|CONDIMENT|TOASTRACK'),
    (9, 'Gifts and paper', 'Cards and wrapping',
        'CARD|WRAP|TISSUE|PAPER|ENVELOPE|STICKER|RIBBON|POSTCARD|GIFT TAG|TAPE'),
    (10, 'Gifts and paper', 'Stationery and craft',
        'NOTEBOOK|PENCIL|PEN|JOURNAL|ERASER|RULER|STAMP|SKETCHBOOK|BOOK|PAINT|KNITTING|SEWING|CROCHET|'
        'FELTCRAFT|CRAFT|CALENDAR|MEMO|PASSPORT|CHALK|CHALKBOARD|BLACKBOARD|SCISSOR|MAGNET'),
    (11, 'Seasonal and party', 'Party and celebration',
        'PARTY|BIRTHDAY|BUNTING|BALLOON|WEDDING|GARLAND|CONFETTI|CELEBRATION|DISCO'),
    (12, 'Leisure', 'Toys and children',
        'TOY|GAME|DOLL|DOLLY|CHILDREN|CHILDRENS|CHILDS|KID|BABY|SPACEBOY|CIRCUS|SKITTLES|PUZZLE|JIGSAW|'
        'DOMINOES|PLAYHOUSE|TEDDY|SOLDIER|ROCKET|SKIPPING|NURSERY|GIRL|BOY|MARBLES|BINGO|TRAIN|'
        'DINOSAUR|PIRATE|FAIRY|RABBIT|CHARLIE|GLOBE'),
    (13, 'Leisure', 'Garden and outdoor',
        'GARDEN|PLANT|PLANTER|BIRD|HERB|POT|WATERING|SEED|TROWEL|GNOME|OUTDOOR|BEACH|DECKCHAIR|FEEDER|'
        'POTTING|GREENHOUSE|BUCKET|BICYCLE|TORCH'),
    (14, 'Home', 'Clocks, frames and mirrors',
        'CLOCK|FRAME|MIRROR|PHOTO|PICTURE|ALBUM'),
    (15, 'Home', 'Storage and furniture',
        'STORAGE|BOX|BOXES|TIN|BASKET|DRAWER|CABINET|CHEST|SHELF|RACK|STAND|HOLDER|TABLE|CHAIR|STOOL|'
        'SEAT|TRUNK|SUITCASE|JAR|KNOB|DOOR|CRATE|TIDY|CUPBOARD|TRINKET|KEY|BENCH|BIN|CONTAINER|HOOK|'
        'HANGER'),
    (16, 'Home', 'Textiles and cushions',
        'CUSHION|COVER|QUILT|THROW|BLANKET|CURTAIN|TOWEL|MAT|DOORMAT|RUG|SCARF|SLIPPER|HOT WATER|'
        'WARMER|SOCK|GLOVE|SHAWL|FABRIC|DRAUGHT|POUFFE|BEANBAG|FILLER PAD'),
    (17, 'Home', 'Signs and decoration',
        'SIGN|WALL|PLAQUE|CANVAS|PRINT|DECORATION|HANGING|ORNAMENT|MOBILE|DECORATIVE|CHIME|WINDCHIME|'
        'WINDMILL|FLAG|CORONET|LETTER|WORD|HEART|STAR|WICKER|TRELLIS|SHELL|DUCK|BUTTERFLY|ROSETTE|'
        'TOADSTOOL'),
    (18, 'Home', 'Flowers and vases',
        'FLOWER|VASE|ROSE|PEONY|DAISY|BLOSSOM|BOUQUET|TULIP|ORCHID|LAVENDER|HYACINTH'),
    (19, 'Home', 'Bathroom and fragrance',
        'BATH|SOAP|SHOWER|PERFUME|FRAGRANCE|SCENTED|TOILET|BATHROOM|LAUNDRY|PEG|BEAUTY|HAND|NAIL|SPONGE');

INSERT INTO crm.product_category (name, description) VALUES
    ('Services and charges',
        'Postage, discounts, fees, vouchers and corrections: booked like goods, without stock.'),
    ('Other goods', 'Goods whose name does not tell where they belong.');
INSERT INTO crm.product_category (name)
SELECT r.family
FROM demo.category_rule r
GROUP BY r.family
ORDER BY min(r.place);
INSERT INTO crm.product_category (name, parent_category_id)
SELECT r.category, c.product_category_id
FROM demo.category_rule r
JOIN crm.product_category c ON c.name = r.family
ORDER BY r.place;
