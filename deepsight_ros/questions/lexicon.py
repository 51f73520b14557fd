"""Household nouns: which words mean the same thing, and which things are a kind of which.

Data only. ``SYNONYMS``: a line of names for one thing, the commonest first. ``KINDS``: a word for
a kind of thing, and the names (of ``SYNONYMS`` or new) that are one. ``NOUNS``: further things
that have a name of their own. ``GROUP_NOUNS`` say nothing about what a thing is. All singular.
"""

from __future__ import annotations

from deepsight_ros.questions.grammar import paired, spaced

GROUP_NOUNS = spaced(
    """
    object thing item stuff one article piece element entity obstacle anything something everything
    nothing shape body
    """
)
"""Nouns that fit every object."""

GRIPPER_NOUNS = frozenset(
    (
        "gripper",
        "robot gripper",
        "gripper jaw",
        "gripper hand",
        "robot hand",
        "hand",
        "claw",
        "jaw",
        "jaws",
        "finger",
        "gripper finger",
        "end effector",
        "effector",
        "grasper",
        "parallel gripper",
        "parallel jaw gripper",
        "parallel jaw",
        "pincer",
        "robot claw",
        "tool tip",
        "robot finger",
        "two finger gripper",
        "arm",
        "robot arm",
        "robotic arm",
        "robotic hand",
        "robotic gripper",
    )
)
"""What people call the robot's gripper."""

SUPPORT_NOUNS = frozenset(
    (
        "table",
        "tabletop",
        "table top",
        "desk",
        "desktop",
        "floor",
        "ground",
        "surface",
        "counter",
        "countertop",
        "worktop",
        "workbench",
        "bench",
        "work surface",
        "support",
        "support surface",
        "carpet",
    )
)
"""What people call the surface things stand on, when no object has that label."""

SYNONYMS: tuple[str, ...] = (
    "mug, coffee mug, coffee cup, tea mug, tea cup, teacup, coffeecup",
    "cup, drinking cup, beaker",
    "glass, drinking glass, tumbler, water glass",
    "wine glass, wineglass, goblet, chalice",
    "paper cup, disposable cup, plastic cup",
    "bottle, flask",
    "water bottle, drinking bottle",
    "thermos, thermos flask, vacuum flask, thermos bottle",
    "can, tin, tin can",
    "soda can, pop can, coke can, cola can, beer can, drink can, soft drink can, coke, cola, soda",
    "tuna can, tuna tin, tin of tuna, can of tuna, tuna",
    "soup can, soup tin, tin of soup, can of soup, tomato soup can",
    "jar, pot of jam, jam jar",
    "bowl, basin, cereal bowl",
    "plate, dinner plate",
    "saucer, small plate",
    "tray, serving tray, platter",
    "jug, pitcher, carafe, ewer, water jug",
    "kettle, teakettle, electric kettle, water kettle, water boiler",
    "teapot, tea pot",
    "pot, cooking pot, saucepan, cook pot, stockpot",
    "pan, frying pan, skillet, frypan",
    "spoon, tablespoon, teaspoon, table spoon, tea spoon",
    "fork, table fork",
    "knife, kitchen knife, table knife",
    "spatula, turner, flipper",
    "ladle, soup ladle",
    "whisk, egg beater",
    "chopping board, cutting board, breadboard, bread board",
    "colander, strainer, sieve",
    "pepper mill, pepper grinder, peppermill, pepper shaker, pepper pot, pepper",
    "salt shaker, salt cellar, salt pot, salt mill, salt grinder, salt",
    "sugar bowl, sugar pot, sugar box",
    "milk carton, milk box, carton of milk, milk",
    "juice carton, juice box, carton of juice, orange juice carton",
    "juice bottle, orange juice bottle",
    "cereal box, cornflakes box, box of cereal, cornflakes, cereals, cereal",
    "cracker box, box of crackers, crackers",
    "carton, cardboard box, cardboard carton, paper box",
    "box, case",
    "crate, plastic crate, wooden crate, transport box",
    "package, parcel, packet, pack",
    "bin, trash can, garbage can, rubbish bin, waste bin, wastebasket, trash bin, dustbin, "
    "waste basket, waste paper basket, wastepaper basket, garbage bin, trashcan, waste paper bin",
    "bucket, pail",
    "basket, wicker basket",
    "laundry basket, hamper, laundry hamper, washing basket",
    "bag, sack",
    "backpack, rucksack, school bag, schoolbag, knapsack",
    "handbag, purse",
    "suitcase, luggage, travel case, trolley case, carry on, travel bag, baggage",
    "briefcase, attache case",
    "television, tv, telly, tv set, television set, flat screen, tv screen",
    "monitor, screen, computer screen, display, computer monitor",
    "laptop, notebook computer, laptop computer, macbook",
    "computer, pc, desktop computer, computer tower, pc tower, desktop pc",
    "keyboard, computer keyboard",
    "computer mouse, mouse",
    "phone, mobile phone, cell phone, cellphone, smartphone, smart phone, mobile, telephone, "
    "iphone",
    "tablet, ipad, tablet computer",
    "remote control, remote, tv remote, controller, remote controller",
    "speaker, loudspeaker",
    "headphones, headphone, headset, earphones",
    "printer, laser printer",
    "projector, beamer",
    "radio, wireless radio",
    "alarm clock, bedside clock",
    "clock, wall clock",
    "wristwatch, watch",
    "table lamp, desk lamp, bedside lamp, reading lamp",
    "floor lamp, standing lamp, standard lamp",
    "lamp, light, lantern",
    "flashlight, torch, pocket lamp",
    "candle, tea light, tealight, candlestick",
    "couch, sofa, settee, loveseat, divan",
    "armchair, easy chair, lounge chair, recliner",
    "office chair, desk chair, swivel chair",
    "chair, dining chair, kitchen chair",
    "stool, bar stool, barstool, footstool",
    "ottoman, pouf, pouffe, footrest, hassock",
    "nightstand, bedside table, night stand, night table, bedside cabinet, bedside stand",
    "coffee table, side table, end table, low table, sofa table",
    "dining table, kitchen table, dinner table",
    "desk, writing desk, office desk, writing table",
    "bookshelf, bookcase, book case, book shelf, book rack",
    "shelf, shelving unit, shelving, rack, shelf unit, storage rack",
    "wardrobe, closet, armoire",
    "cupboard, cabinet, sideboard",
    "filing cabinet, file cabinet",
    "dresser, chest of drawers, bureau, commode, drawer unit",
    "tv stand, tv bench, tv unit, media console, television stand, tv cabinet",
    "bed, bedstead",
    "mattress, bed mattress",
    "pillow, head pillow",
    "cushion, throw pillow, sofa cushion, seat cushion",
    "blanket, duvet, quilt, comforter, throw",
    "rug, carpet, mat",
    "curtain, drape",
    "picture frame, photo frame, picture, painting, photograph, photo",
    "mirror, looking glass",
    "vase, flower vase",
    "potted plant, houseplant, house plant, plant pot, pot plant, plant, flowerpot, flower pot, "
    "planter",
    "fridge, refrigerator, freezer, icebox",
    "microwave, microwave oven",
    "oven, stove, cooker, range cooker",
    "toaster, bread toaster",
    "blender, mixer, food processor, smoothie maker",
    "coffee maker, coffee machine, espresso machine, coffeemaker",
    "dishwasher, dish washer",
    "washing machine, washer, laundry machine",
    "vacuum cleaner, vacuum, hoover",
    "fan, ventilator, electric fan",
    "heater, radiator, space heater",
    "power drill, electric drill, cordless drill, drill driver, drill, cordless screwdriver, "
    "drilling machine",
    "screwdriver, screw driver",
    "hammer, mallet, claw hammer",
    "wrench, spanner, adjustable wrench, monkey wrench",
    "pliers, plier, pair of pliers, tongs",
    "clamp, c clamp, vice, vise",
    "saw, handsaw, hand saw",
    "tape measure, measuring tape, tape rule",
    "tape, sticky tape, adhesive tape, duct tape, scotch tape, tape roll, roll of tape, sellotape",
    "glue, glue stick, glue bottle, glue tube",
    "glue gun, hot glue gun",
    "toolbox, tool box, tool case, tool chest",
    "nail, wire nail",
    "screw, wood screw",
    "bolt, threaded bolt",
    "nut, hex nut",
    "spray can, aerosol, aerosol can, spray tin",
    "spray bottle, sprayer, cleaner bottle, cleaning bottle",
    "detergent bottle, detergent, dish soap, washing up liquid, bleach bottle, bleach",
    "soap, soap bar, bar of soap",
    "soap dispenser, soap bottle, hand soap",
    "sponge, dish sponge",
    "brush, scrubbing brush, paintbrush, paint brush",
    "broom, sweeper",
    "ladder, step ladder, stepladder",
    "paint can, paint tin, can of paint, tin of paint, paint bucket, paint pot",
    "wood block, wooden block, block of wood, wood cube, timber block",
    "block, building block, toy block",
    "toy car, model car",
    "toy truck, model truck, toy lorry",
    "truck, lorry",
    "car, automobile",
    "forklift, forklift truck, fork lift",
    "pallet, skid, wooden pallet",
    "barrel, drum, keg, cask, oil drum",
    "traffic cone, safety cone, cone, pylon, road cone",
    "hand truck, dolly, sack truck",
    "trolley, cart, pushcart",
    "teddy bear, teddy, stuffed bear, bear, soft toy, plush bear, stuffed animal, plush toy",
    "doll, dolly doll, barbie",
    "ball, toy ball",
    "football, soccer ball",
    "basketball, basket ball",
    "tennis ball, small ball",
    "rubber duck, duck, toy duck, rubber ducky",
    "dinosaur, dino, toy dinosaur",
    "toy robot, robot toy",
    "toy train, train, locomotive",
    "puzzle, jigsaw, jigsaw puzzle",
    "dice, die, dice cube",
    "rubiks cube, magic cube",
    "stacking ring, ring stack, stacking toy",
    "board game, game box",
    "book, novel, paperback, hardback, textbook",
    "notebook, notepad, note pad, writing pad, jotter, exercise book",
    "magazine, journal",
    "newspaper, paper",
    "folder, binder, ring binder, file folder, file",
    "envelope, letter",
    "stapler, staple gun",
    "hole punch, hole puncher, punch",
    "pen, ballpoint, ballpoint pen, biro",
    "pencil, lead pencil",
    "marker, felt tip, felt pen, highlighter, marker pen, whiteboard marker",
    "eraser, rubber",
    "ruler, straightedge",
    "scissors, pair of scissors, shears, scissor",
    "pen holder, pencil cup, pencil holder, pencil case, pen cup, pen pot",
    "calculator, pocket calculator",
    "wallet, billfold, money purse",
    "key, door key",
    "keys, bunch of keys, key ring, keyring",
    "glasses, spectacles, eyeglasses",
    "sunglasses, shades",
    "umbrella, parasol, brolly",
    "shoe, sneaker, trainer",
    "boot, wellington",
    "slipper, flip flop",
    "hat, cap, baseball cap",
    "glove, mitten",
    "jacket, coat",
    "shirt, t shirt, tshirt, tee",
    "towel, hand towel, bath towel",
    "napkin, serviette, paper napkin",
    "tissue box, box of tissues, kleenex box, kleenex, tissues, tissue",
    "paper towel, kitchen roll, kitchen paper, paper towel roll, roll of kitchen paper",
    "toilet paper, toilet roll, loo roll, bog roll",
    "toothbrush, tooth brush",
    "toothpaste, toothpaste tube",
    "shampoo, shampoo bottle",
    "pill bottle, medicine bottle, pills, medicine",
    "first aid kit, first aid box, medical kit",
    "fire extinguisher, extinguisher",
    "helmet, hard hat, safety helmet",
    "bicycle, bike, cycle",
    "motorcycle, motorbike",
    "skateboard, skate board",
    "guitar, acoustic guitar",
    "piano, keyboard piano",
    "dumbbell, weight lifting weight, hand weight",
    "vacuum robot, robot vacuum, roomba",
    "banana, bananas",
    "apple, red apple, green apple",
    "orange, tangerine, mandarin, clementine, satsuma",
    "lemon, lime",
    "pear, pears",
    "peach, nectarine",
    "plum, prune",
    "strawberry, berry",
    "grape, grapes, bunch of grapes",
    "melon, watermelon",
    "pineapple, ananas",
    "mango, mangoes",
    "tomato, tomatoes",
    "potato, spud",
    "carrot, carrots",
    "cucumber, gherkin, pickle",
    "bell pepper, paprika, capsicum",
    "eggplant, aubergine",
    "zucchini, courgette",
    "onion, onions",
    "egg, chicken egg",
    "egg carton, egg box, box of eggs",
    "bread, loaf, loaf of bread, bread loaf",
    "butter, butter dish",
    "cheese, block of cheese",
    "cake, pie, tart",
    "cookie, biscuit",
    "sandwich, toast",
    "sugar box, box of sugar, sugar, sugar bag, bag of sugar, sugar packet",
    "flour bag, bag of flour, flour",
    "rice bag, bag of rice, rice",
    "pasta box, pasta, spaghetti, noodles, pasta packet, spaghetti box, box of pasta",
    "pudding box, gelatin box, jello box, jello, pudding, gelatin",
    "mustard bottle, mustard, bottle of mustard",
    "ketchup bottle, ketchup, bottle of ketchup, tomato sauce",
    "oil bottle, olive oil, oil, bottle of oil, cooking oil, olive oil bottle",
    "vinegar bottle, vinegar, bottle of vinegar",
    "sauce bottle, sauce, bottle of sauce",
    "wine bottle, wine, bottle of wine",
    "beer bottle, beer, bottle of beer",
    "honey jar, honey, jar of honey, pot of honey",
    "jam, jelly, marmalade",
    "coffee can, coffee tin, tin of coffee, can of coffee, coffee jar, coffee",
    "tea box, box of tea, tea",
    "chips can, pringles can, pringles, chips, crisps, chips tube",
    "spam can, potted meat can, tin of meat, spam",
    "bean can, tin of beans, can of beans, beans, baked beans",
    "person, human, man, woman, guy, lady, people",
    "child, kid, boy, girl, baby, toddler",
    "dog, puppy",
    "cat, kitten",
    "router, modem, wifi router",
    "charger, power adapter, power supply",
    "cable, cord, wire",
    "socket, power strip, outlet, plug",
    "battery, battery pack, batteries",
    "camera, webcam",
    "microphone, mic",
    "whiteboard, blackboard",
    "door, gate",
    "window, windowpane",
    "ironing board, ironing table",
    "iron, flat iron",
    "sewing machine, sewing kit",
    "suit bag, garment bag",
    "tool, implement",
    "funnel, hopper",
    "lid, cover",
    "ashtray, ash tray",
    "coaster, beer mat, beermat",
    "lunch box, lunchbox, bento box, tupperware, food container, food box",
    "shoe box, shoebox",
    "storage box, storage bin, plastic box, tote",
    "gas bottle, gas cylinder, propane tank, gas canister",
    "jerry can, jerrycan, petrol can, gas can, fuel can, canister",
    "watering can, watering pot",
    "hose, garden hose",
    "shovel, spade",
    "axe, hatchet",
    "crowbar, pry bar",
    "spirit level, bubble level",
    "sander, sanding machine",
    "soldering iron, solder iron",
    "multimeter, voltmeter",
    "flower, bouquet, flowers, bunch of flowers, rose, tulip",
)

KINDS: dict[str, str] = {
    "container": (
        "box, carton, crate, bin, bucket, basket, jar, bottle, can, bowl, cup, mug, bag, barrel, "
        "toolbox, suitcase, jug, pot, storage box, vase, tray, glass"
    ),
    "box": (
        "carton, crate, cereal box, cracker box, sugar box, tissue box, pudding box, toolbox, "
        "shoe box, storage box, pasta box, tea box, juice carton, milk carton, package, lunch "
        "box, egg carton"
    ),
    "carton": "milk carton, juice carton, egg carton",
    "bottle": (
        "water bottle, mustard bottle, ketchup bottle, oil bottle, vinegar bottle, wine bottle, "
        "beer bottle, spray bottle, detergent bottle, shampoo, sauce bottle, juice bottle, pill "
        "bottle, thermos, soap dispenser"
    ),
    "can": "soda can, tuna can, soup can, paint can, spray can, coffee can, bean can, spam can",
    "cup": "mug, paper cup",
    "drink": (
        "milk carton, juice carton, juice bottle, water bottle, soda can, wine bottle, beer "
        "bottle, mug"
    ),
    "beverage": (
        "milk carton, juice carton, juice bottle, water bottle, soda can, wine bottle, beer bottle"
    ),
    "jar": "honey jar, jam, coffee can",
    "dish": "plate, bowl, saucer, tray",
    "crockery": "plate, bowl, saucer, mug, cup, teapot, jug",
    "tableware": "plate, bowl, saucer, mug, cup, glass, wine glass, fork, knife, spoon",
    "cutlery": "fork, knife, spoon",
    "utensil": "fork, knife, spoon, spatula, ladle, whisk",
    "silverware": "fork, knife, spoon",
    "cookware": "pot, pan, kettle",
    "shaker": "salt shaker, pepper mill",
    "grinder": "pepper mill, salt shaker",
    "mill": "pepper mill",
    "fruit": (
        "apple, banana, orange, lemon, pear, peach, plum, strawberry, grape, melon, pineapple, "
        "mango"
    ),
    "vegetable": "tomato, potato, carrot, cucumber, bell pepper, eggplant, zucchini, onion",
    "veggie": "tomato, potato, carrot, cucumber, bell pepper, eggplant, zucchini, onion",
    "food": (
        "apple, banana, orange, lemon, pear, peach, plum, strawberry, grape, melon, pineapple, "
        "mango, tomato, potato, carrot, cucumber, bell pepper, onion, bread, egg, cheese, cake, "
        "cookie, sandwich, butter, cereal box, cracker box"
    ),
    "tool": (
        "power drill, screwdriver, hammer, wrench, pliers, saw, clamp, tape measure, crowbar, "
        "axe, shovel, sander, soldering iron"
    ),
    "power tool": "power drill, sander",
    "toy": (
        "toy car, toy truck, teddy bear, doll, ball, rubber duck, dinosaur, toy robot, toy train, "
        "puzzle, block, rubiks cube, stacking ring"
    ),
    "vehicle": "car, truck, toy car, toy truck, forklift, bicycle, motorcycle, toy train",
    "truck": "toy truck, forklift",
    "car": "toy car",
    "animal": "dog, cat, teddy bear, rubber duck, dinosaur, horse, cow, bird, elephant, giraffe",
    "furniture": (
        "couch, armchair, chair, office chair, stool, ottoman, nightstand, coffee table, dining "
        "table, desk, bookshelf, shelf, wardrobe, cupboard, dresser, tv stand, bed, table, filing "
        "cabinet, bench"
    ),
    "seat": "couch, armchair, chair, office chair, stool, ottoman, bench",
    "chair": "armchair, office chair, stool",
    "table": "coffee table, dining table, nightstand, desk",
    "cabinet": "filing cabinet, nightstand, wardrobe",
    "lamp": "table lamp, floor lamp, flashlight",
    "electronics": (
        "television, monitor, laptop, computer, keyboard, computer mouse, phone, tablet, remote "
        "control, speaker, headphones, printer, projector, radio, router"
    ),
    "device": (
        "television, monitor, laptop, computer, keyboard, computer mouse, phone, tablet, remote "
        "control, speaker, headphones, printer, projector, radio, router, calculator"
    ),
    "gadget": "phone, tablet, remote control, calculator",
    "appliance": (
        "fridge, microwave, oven, toaster, blender, coffee maker, dishwasher, washing machine, "
        "vacuum cleaner, kettle, fan, heater, iron"
    ),
    "screen": "television, monitor, laptop, tablet",
    "clock": "alarm clock",
    "stationery": (
        "pen, pencil, marker, eraser, ruler, scissors, stapler, notebook, hole punch, tape"
    ),
    "ball": "football, basketball, tennis ball, baseball, golf ball",
    "bag": "backpack, handbag, flour bag, rice bag, suit bag",
    "luggage": "suitcase, backpack, briefcase",
    "shoe": "boot, slipper",
    "clothing": "shoe, boot, hat, glove, jacket, shirt",
    "plant": "potted plant, flower",
    "cone": "traffic cone",
    "drum": "barrel",
    "trolley": "hand truck",
    "cart": "hand truck",
    "basket": "laundry basket, bin",
    "mouse": "computer mouse",
    "notebook": "laptop",
    "brick": "block, lego brick, toy brick, foam brick",
    "cube": "block, rubiks cube, wood block, dice",
    "block": "wood block, brick, cube, lego brick, toy brick",
    "pepper": "bell pepper",
    "book": "notebook, dictionary, atlas, manual, cookbook, magazine",
    "drill": "power drill",
    "case": "suitcase, briefcase",
    "torch": "flashlight",
    "driver": "screwdriver",
    "pot": "teapot, vase, potted plant",
    "kit": "first aid kit",
    "extinguisher": "fire extinguisher",
    "person": "child",
    "pet": "dog, cat",
    "pillow": "cushion",
    "cushion": "pillow",
}

NOUNS = spaced(
    """
    dictionary atlas manual cookbook encyclopedia
    horse cow bird elephant giraffe lion tiger rabbit bunny penguin unicorn dragon monkey pig
    sheep fish shark snake spider mouse rat frog turtle whale dolphin squirrel hamster parrot
    house tree wall ceiling roof stairs staircase balcony garage garden fence pillar column
    bathtub bath shower sink toilet faucet tap drain fountain pool
    tank pipe tube valve pump engine motor wheel tire tyre gear spring magnet lever handle knob
    button switch lock chain rope string thread needle pin clip paperclip stamp sticker label
    sheet cloth rag apron scarf tie belt sock dress skirt trousers pants jeans sweater
    bracelet necklace ring earring crown coin banknote card ticket passport map globe
    trophy medal statue sculpture figurine ornament balloon kite yoyo marble domino chessboard
    drone helicopter airplane plane aeroplane rocket ship boat submarine bus van taxi tractor
    crane excavator scooter stroller pram wheelchair walker crutch cane
    tent sleeping hammock campfire lighter match candle ashtray cigarette pipe
    pizza burger hamburger hotdog fries steak chicken ham sausage bacon salad soup stew yogurt
    yoghurt icecream chocolate candy sweet lollipop donut doughnut muffin croissant bagel
    pancake waffle popcorn nut peanut almond walnut coconut kiwi cherry apricot fig date
    avocado broccoli cauliflower cabbage lettuce spinach pea corn pumpkin garlic ginger
    mushroom chili radish beet turnip celery leek
    violin drum trumpet flute saxophone harmonica cello harp
    baseball bat racket racquet golf club puck skate ski snowboard surfboard dart bowling pin
    whistle stopwatch compass telescope microscope binoculars tripod stethoscope syringe
    thermometer scale bandage crib cradle cot highchair bib pacifier diaper
    anvil chisel file rasp plane lathe welder compressor generator toolbelt workbench bench
    table sawhorse rake hoe wheelbarrow lawnmower mower hedge pitchfork
    hairdryer dryer comb hairbrush razor shaver lipstick perfume lotion cream
    jukebox console joystick gamepad headlamp chandelier sconce spotlight
    corkscrew opener peeler grater tongs rolling mortar pestle mold timer thermostat
    bell horn siren alarm sign poster banner flag calendar diary album
    microchip chip board circuit sensor antenna satellite dish server
    wagon sled sleigh carriage cage aquarium kennel leash collar nest hive
    pyramid sphere cylinder prism cuboid disc disk wedge plank beam rod stick log stone rock
    pebble brick tile slab panel
    """
)
"""Things with no other name here; known so that their absence is told from nonsense."""

IRREGULAR_PLURALS: dict[str, str] = paired(
    """
    boxes=box knives=knife shelves=shelf bookshelves=bookshelf loaves=loaf mice=mouse people=person
    persons=person men=man women=woman children=child feet=foot teeth=tooth dice=dice glasses=glass
    scissors=scissors pliers=pliers tongs=tongs keys=key tomatoes=tomato potatoes=potato
    mangoes=mango torches=torch wrenches=wrench couches=couch watches=watch brushes=brush
    dishes=dish matches=match peaches=peach sandwiches=sandwich toothbrushes=toothbrush
    benches=bench switches=switch buses=bus vases=vase cases=case suitcases=suitcase axes=axe
    leaves=leaf scarves=scarf fish=fish sheep=sheep geese=goose cookies=cookie pies=pie
    headphones=headphones trousers=trousers jeans=jeans pants=pants sunglasses=sunglasses
    lenses=lens series=series gas=gas canvas=canvas compass=compass harness=harness
    mattress=mattress mattresses=mattress dress=dress grass=grass bus=bus lens=lens cactus=cactus
    cacti=cactus movies=movie ties=tie tissues=tissue binoculars=binoculars stairs=stairs
    chess=chess kleenex=kleenex jaws=jaw thermos=thermos thermoses=thermos pringles=pringles
    crisps=crisps shears=shears spectacles=spectacles skis=ski
    """
)
"""Plurals that do not follow the endings of ``singular``, and singulars that look like plurals."""
_IRREGULAR_SINGULARS = {one: many for many, one in IRREGULAR_PLURALS.items() if many != one}


def singular(word: str) -> str:
    """Singular of an English noun: "boxes" -> "box"; a word that is no plural comes back as it
    is."""
    known = IRREGULAR_PLURALS.get(word)
    if known is not None:
        return known
    if len(word) < 3 or not word.endswith("s") or word.endswith(("ss", "us", "is")):
        return word
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    if word.endswith(("ches", "shes", "xes", "sses", "zes")):
        return word[:-2]
    return word[:-1]


def is_plural(word: str) -> bool:
    """True when a word looks like a plural ("scissors" counts as one thing)."""
    return singular(word) != word


def plural_of(noun: str) -> str:
    """ "mug" -> "mugs", for counting aloud."""
    if is_plural(noun) or not noun:
        return noun
    before, space, last = noun.rpartition(" ")
    if last in _IRREGULAR_SINGULARS:
        return f"{before}{space}{_IRREGULAR_SINGULARS[last]}"
    if noun.endswith(("s", "x", "ch", "sh", "z")):
        return noun + "es"
    if noun.endswith("y") and noun[-2:-1] not in "aeiou":
        return noun[:-1] + "ies"
    return noun + "s"
