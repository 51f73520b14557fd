"""Words for spelling: frequent typing errors, and real words that must not be corrected. Data
only."""

from __future__ import annotations

from deepsight_ros.questions.grammar import paired, spaced

MISSPELT: dict[str, str] = paired(
    """
    teh=the hte=the th=the tha=the taht=that thier=their wich=which whcih=which whihc=which
    witch=which whch=which waht=what wht=what wat=what hwo=how hw=how hoe=how adn=and nad=and n=and
    fo=of od=of frm=from form=from fron=from si=is iz=is r=are u=you ur=your teh.=the hight=height
    heigth=height hieght=height heigt=height highth=height widht=width wdith=width widh=width
    lenght=length lenth=length legnth=length depht=depth dept=depth distence=distance
    distanse=distance dist=distance tal=tall tll=tall taler=taller biger=bigger beter=better
    betwen=between betwee=between btwn=between b/w=between thna=than tahn=than closr=closer
    furtherest=furthest furtest=furthest nearst=nearest lft=left rigth=right rigt=right rite=right
    infront=in_front ontop=on_top wheres=where_is cn=can plese=please camra=camera kamera=camera
    griper=gripper obect=object objct=object obj=object objs=objects diamter=diameter voulme=volume
    vol=volume meny=many mutch=much muhc=much liter=litre alot=a_lot centremetre=cm wil=will
    wud=would cud=could kno=know abt=about approximatly=approximately aprox=approximately
    exacly=exactly tho=though behnid=behind thru=through touchng=touching ther=there thare=there
    nxt=next shud=should pls=please wht's=what_is dimentions=dimensions dimension's=dimensions
    bewteen=between beetween=between bteween=between sise=size tallr=taller hiegth=height
    thikness=thickness dia=diameter farr=far lond=long wid=wide hgt=height wdth=width len=length
    robo=robot centre's=centre inchs=inches
    """
)
"""Frequent typing errors and short forms of the words questions are made of."""

PROTECTED = spaced(
    """
    abject about above acceleration accept across act action actor actress actual add after again
    age ago agree ahead aim air allow alone along always among angle angles animal another answer
    apart appear area argue army arrive art ask attack author aware baby back bad bake baker
    balance ball band bank bare barn base bath battle beach bean bear bearer beat beauty beer
    befall beggar begin behalf behave behold being believe bell belong belonging below belt bend
    beside besides best betray better between beyond bib bigot bill bird birth bit bite black blame
    blank blow blue board boat body bogged bold bone boot border bore born boss both bother bottom
    bound brain brake branch brand brave bread breadths break breath bright brighter brightness
    bring broke broken brother brown build burn burst bury bus busy buy cake call calm calories
    came camp capacity capital card care carry case cash cast cat catch cause cease cell cent chain
    chair chance change charge charm chase cheap cheaper cheapest cheat check cheer cheese chest
    chief child chipper choice choose church cider circumference city claim class clause clean
    cleaner clear clearer clever climb cloister clone close closed closes closet closets closing
    cloth cloud cloudy clove clover club cluster coach coal coat code coin cold colder coldest
    collar college colour colours come command content contents cook cool copy copyright core corn
    correct cost couch cough could count country couple course court cousin cover crack cracked
    craft crash cream create crew cricket crime crop cross crosser crowd crown cruel cry cure curve
    custom cute cycle daily damage dance danger dangerous dare dark darker date daughter days dead
    deal dear dearer death debt decide delay delete dense density deny desert design desk detail
    diet differ dig digger dinner dipper dirt dirtier dirty disc dish divide doctor dog door dose
    doubt dozen draft drag drain draw dream dress drew drift drink dripping drive drop dry duck due
    dull dust duty each early earn earth ease east eat echo edit effect effort egg eight eighth
    either eject elbow elder elect empty end enemy energy engine enjoy enter equal error escape
    even event ever evil exact exam except execute exist expect expensive expert explain face
    facing fact fade fail faint fair faith fake fall false fame family famous fan fancy fang fare
    fares farm fashion fast faster fastest fat fate father fault fear feast feather feature feed
    feel feet fell fellow felt fence fetch fever few field fierce fight file fill filled film final
    find fine finger finish fire firm first fish five fix flag flame flash flat flesh flight
    flipper float flood floor flow flower fly fold folk follow food fool foot football force fore
    forecast foreign forest forget form fort forth found four frame free freeze freight fresh
    friend fright front frontier fronts frost fruit fuel full fuller fun function fund funny future
    gain game garage gas gate gather gave gear general gentle get gift girl give glad glory glosser
    goal goat god gold golf gone good gore grace grade grain grand grant grape grass grave gravity
    gray great green greet grew grief grin grind gripe gripes gripped grosser ground group grow
    guard guess guest guide guilt gun habit hair half hall hand handle hang happen happy harbour
    hard harder harm haste hate have head heal health heap hear hearer heart heat heaven heavier
    heaviest heavy heel hell help here hero hide higher hill hire hit hold holding holds hole
    hollow holy home honest honour hook hope horn horror horse hose host hot hotel hotter hottest
    hour hours house human hunger hunt hurry hurt husband ice idea ideal idle ignore image import
    inch income indoor ink inner innings insect insert inset inside instructions invite iron island
    issue item jacket jail jigger job join joint joke journey joy judge juice jump just keen keep
    kept kick kill kind king kiss kitchen knee knew knife knight knock knot know labour lack ladder
    lady lager lake lamb lamp land lane language larder laser last late later latter laugh law lay
    layer lazy lead leaf leak lean learn least leather leave left lend less lesson letter level
    library lid lie life lift lifted light lighter lightest like limb limit line lion lip liquid
    list listen litter little live liver load loan local lock loft log login lonely longed longing
    look loose lord lore lose loser loses loss lost loud louder lounging love lower luck lump lunch
    lung machine mad magic mail main major make maker male mall manage manner march mark market
    marry mass master match mate material matter maybe mayor meal mean meat medal medical meet melt
    member memory mend mental mention menu merchant mercy mere merry mess metal middle midnight
    might mild mile military milk mill mind mine minute minutes mirror miss mist mistake mix model
    modern modest moment money monkey month months mood moon moral more morning most mother motion
    mount mountain mouse mouth move movie much mud murder muscle music must nail name nation native
    nature naval near neared nearly neat neck need needle nest net never new newer news next nice
    nicer nicest niece night nine ninth noble noise none noon normal north nose note nothing notice
    novel number nurse obey objection objective ocean oclock odd offer office officer often oil
    older oldest once onion only open opera order orientation other others ought outright outside
    oven over owe own owner pace pack page paid pain paint pair palace pale pants paper pardon
    parent park part party pass password past paste path pause pay peace peak pear pen pencil penny
    people percent perfect perform perhaps perimeter period permit person phone photo phrase piece
    pile pilot pink pipe pitch pity place plain plan plane plant plastic plate play please plenty
    plight plot plough pocket poem poet point poison pole police polite politics pool poor poorer
    popular port pose posed poses possess post potato pound pour powder power praise pray prefer
    prepare president press pressure prettier pretty prevent previous price priced prices pricey
    pride priest prime print prison private prize profit project prompt proof proper protect proud
    prove pull pump punish pupil pure purple purpose push python quarrel quart queen quick quiet
    quieter quite race radio radius raft rail rain raise ran range rank rapid rare rate rather raw
    razor reach react read ready real rear reason receive recent record red reduce regret reject
    relate relief rely remain remark remedy remind remove rent repair repeat reply report rescue
    rest result return reward rhyme rice rich richer rid ride rider rift rigger right ring ripe
    ripper rise risk rival river road roar rob rock rod roll roof room root rope rose rot rotation
    rough rougher round row royal rub rubber rude rug ruin rule run rush rust rusty sacred sad safe
    said sail salad sale salt same sample sand sat sauce save saw scale scare scene scent school
    science score scorn scrape screen screw sea search season seat second seconds secret see seed
    seem seize sell send sense sent serious serve set settle seven seventh sew shade shadow shake
    shall shame shape share sharp sharper shave sheep sheet shelf shell shelter shift shine shiny
    ship shipper shirt shock shoe shoot shooter shop shore short shorted shortly shorts shot should
    shoulder shout show shower shut sick side sift sight sign silence silk silly silver simple sin
    since sing single sink sir sister sit site six sixth skill skin skirt sky slave sleep slide
    slight slip slipper sloser slow slower small smart smell smelled smeller smells smile smoke
    smooth smoother snake snow soap social sock soft softer soil soldier solid solve some son song
    soon sore sorrow sort soul sound soup sour south space spade spare speak special speech speed
    spell spend spent spider spill spin spirit spit spite split spoil spoke spoon sport spot spread
    spring square staff stage stain stair stamp stand star stare start state station stay steady
    steal stealth steam steel steep steer stem step stick stiff still sting stir stock stomach
    stone stood stop store storm story stove strange straw stream street stretch strike string
    strip stroke strong stronger struck stuff stupid subject subjects succeed such suck sudden sudo
    suffer sugar suggest suit summer sun sunny supper supply support sure surface surprise swallow
    swear sweat sweep sweet swell swim swing sword sympathy system table tail take taker tale talk
    talker tall tallied tally tame tap taste tasty tax taxi tea teach teaching team tear tell
    temperature ten tend tennis tent tenth term test texture thank that theatre theory these thick
    thicket thief thin thing think thinker third thirst thirteen thorn those thread threat three
    throat throne throw thumb thunder ticket tidy tie tiger tight till tilt tilted time tin tinker
    tip tire title toe token told tomorrow ton tongue tonight tool tooth top tore torn total touch
    touche touchy tough tour toward towel tower town toy track trade train translate trap travel
    tray treasure treat tree tremble trial tribe trick trigger trip tripped trouble truck true
    trunk trust truth try tube tune turn twelve twenty twice twist type ugly uncle under undo union
    unit unite universe until untrue up upper upright upset urge use useful useless usual vain
    valley value vary veil velocity verb verse very vessel victory view village violent virtue
    visit voice vote vowel voyage wader wafer wage wager waist wait wake walk walker wall wander
    want war ware wares warm warmer warmth warn wash waste watch water wave wax way weak weaker
    wealth weapon wear wears weary weather weave wedding weed week weeks weigh weighed weighs
    weight weights welcome well were west wet what wheat wheel when where whether which while whip
    whisper whistle white who whole whom whose why wicked wide wider wife wild will win wind winder
    window wine wing winter wipe wire wise wish with within without witness woman wonder wood wool
    word wore work world worm worn worry worse worship worth would wound wrap wreck wright wrist
    write wrong yard year years yellow yes yesterday yet yield young younger youth zero zipper
    """
)
"""Real words near the words of questions: never corrected into one of them."""
