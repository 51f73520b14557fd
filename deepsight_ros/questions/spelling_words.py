"""Words for spelling: frequent typing errors, and real words that must not be corrected. Data
only."""

from __future__ import annotations

from deepsight_ros.questions.grammar import paired, spaced

MISSPELT: dict[str, str] = paired(
    """
    diff=difference teh=the hte=the th=the tha=the taht=that thier=their wich=which whcih=which
    whihc=which witch=which whch=which waht=what wht=what wat=what hwo=how hw=how hoe=how adn=and
    nad=and n=and fo=of od=of frm=from form=from fron=from si=is iz=is r=are u=you ur=your teh.=the
    hight=height heigth=height hieght=height heigt=height highth=height widht=width wdith=width
    widh=width lenght=length lenth=length legnth=length depht=depth dept=depth distence=distance
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
    abide abject abode abort about above acceleration accept acid across act action actor actress
    actual add after again age ago agree ahead aide aim air alive allow alone along alter always
    among angel angle angled angles animal ankle another answer apart appear approached area argue
    arid army arrive arrived art ask assuring atom attack author avid aware babe baby bach back
    backfire backyard bad bake baker balance ball band bane bank banking banning bans bare bark
    barn base based bash bass bath battle beach bead beads beak bean bear beard beards bearer beat
    beating beau beauty beef beep beer bees befall beggar begin behalf behave behaving behold being
    believe bell belong belonging below belt bend bern beside besides best betray better between
    beyond bib bigot bill bird birth bit bite black blacked blame blank blinking bloc blockade
    blocker blockers blogging blooming blow blue boar board boarding boat body bogged bold bone
    bong bony boot border bore born boss both bother bottom bound bragging brain brake branch brand
    branding brave bread breadths break breaking breath bright brighter brightness bring bringing
    broadcast broaden brody broke broken brood brother brown bucky build bulb bull bully bumpy bunk
    burn burst bury bus busy buy cake calamity caliber call calm calories came camp capacitor
    capacity capital captains card care carried carrier carriers carry case cash cast cat catch
    catchy cause cease cell censored cent centrist centuries chain chair chamber chambers champ
    chance change chanting charge charm chase cheap cheaper cheapest cheat check cheer cheese chest
    chief child chipper choice choose choosing chore church cider circumference city claim clams
    class clause clean cleaner cleansing clear clearer clever click climb cloak cloister clone
    cloning close closed closes closet closets closing cloth cloud cloudy clove clover club cluster
    coach coaching coal coalition coat code coding coin cold colder coldest collar college collided
    collusion coloring colour colours coma come comet comm command como comp companion compassion
    competed compiled complied composed conducting confined connecting consent constrained cont
    contacted contempt contend contends content contents contest contesting contests context
    contexts continual continued continuing continuum contract contracting contracts contrast
    contrasting contrived convent convince cook cool coping copy copyright core cork corn cornered
    coroner correct cory cost couch cough coughing could count countered counties country county
    couple coupling course court cousin cover crack cracked craft crafting crash crashed crawling
    cream create creating creed creek creepy crew cricket crime crop crore cross crosser crossing
    crowd crown cruel cruiser cruisers crush crushes crushing cry cure curry curve custom cute
    cycle daily damage dance danger dangerous dare dark darker date daughter days dead deal dear
    dearer death debt decide deck deed deem deepen defect delay delete dense density deny derive
    derives desert design desk detail detection diabetes diet differ differing dig digestion digger
    dimensional dinner dipper directing directional directive dirt dirtier dirty disbanded disc
    dish disparate distract dive diversion dives divide diving doctor dog door dose doubled doubly
    doubt dozen draft drag drain draining draw dread dream dress drew drift drifting drink dripping
    drive drop drove dry dual duck due dull dusk dust duty each earliest early earn earth ease east
    eat echo edged edgy edit effect effort egg eight eighth either eject elbow elder elect election
    elevate empty enclosed enclosure encountered end enemy energy engine enjoy enter equal equality
    error escape even event ever evil exact exam exceeded excelled except excerpt excerpts execute
    exist existent expanded expanding expect expensive expert explain exploding extant eyed face
    faced facets facing fact fade fail faint fair faith fake fall false fame family famous fan
    fancy fang farce fare fares farm fashion fast faster fastest fat fate father fault fear feast
    feather feature feed feel feet fell fellow felt fence fetch fever few field fierce fight
    fighting file fill filled film final find fine finger finish fins fire firm first fish fist
    fists fitz five fix flag flame flash flat flattered flee flesh flight flipper flirting float
    flood floor flow flower fly fold folk follow food fool foot football footy force fore forecast
    foreign forest forget form fort forth found four frame free freed freeze freight fresh fret
    friend fright front frontier fronts frost frown fruit fuel full fuller fun function fund funny
    furthermore future gain game garage gas gasp gate gather gave gear general gentle get gift girl
    give glad glory glosser goal goat god gold golf gone gong good gore grace grade grain gram
    grams gran grand grant grape gras grass grave gravity gray great greatness green greet grew
    grid grids grief grieving grilling grim grin grind grinding grinning gripe gripes gripped grit
    grosser ground grounded group grow grub guard guess guest guide guilt gun habit hair half hall
    halo halt hand handle handled handler handlers hang happen happy harbour hard harder harm haste
    hate have head headline heal healing health heap hear hearer hearing hearings heart heat
    heating heaven heavier heaviest heavy heel hell help here hero hide higher highness hill hints
    hips hire hit hold holding holds hole hollow holy home honest honoring honour hood hook hope
    horn horror horse hose host hot hotel hotter hottest hour hours house human hunger hunt hurry
    hurt husband huts hypothetical ice idea ideal idle ignorant ignore image impacted import
    impressive inch included income indebted indoor infected inferred infested inherited injected
    ink inner innings insect insert inset inside insider insiders insisted instructions insulted
    integral internal invented inverted invested invite iron island issue itch item jacket jail
    jigger job join joint joke journey joy judge juice jump just keel keen keep kemp kept kick kill
    kind king kiss kitchen knack knee knew knife knight knock knot know labour lace lack ladder
    lady lager lake lamb lame lamp lance land lane lang lange language larder laser last late later
    latex latter laugh law lay layer lazy lead leading leaf leak leaking lean leap leaping leaps
    learn learning leasing least leather leave leaving left leftist leftists leftover lend lengthy
    less lesson letter level library lick lid lie life lift lifted light lighter lightest lighting
    like limb limit limiting line liners linger lion lip liquid list listen listing listings litter
    little live liver load loan local locating lock locked loft log login lonely longed longing
    look loose looted lord lore lose loser loses loss lost loud louder lounging love lover lower
    luck lump lunch lung machine mad magic maid mail main major make maker male mall mana manage
    manner manny march marching marginal mark market marking markings marry masking mass master
    match mate material math mating matter maybe mayor meal mean meat medal medical meek meet melt
    melting member memory mend ment mental mention menu merchant mercy mere merry mess metal mets
    middle midnight might mild mile military milk mill millions mind mindless mine minute minutes
    mirror miss mist mistake mix moat model modern modes modest moist moment money monkey mont
    month months mood moon moot moral more morning moss most mother motion mount mountain mouse
    mouth move movers movie much mud murder muscle music must nail name narrowed nation native
    nature naval near neared nearly neat neck need needle nest net never new newer news next nice
    nicer nicest niece night nine ninth noble noise none noon normal north nose note nothing notice
    novel number nurse obey objected objection objective observe observed observes occurred
    occurring ocean oclock odd offer office officer often oil older oldest omen once onion only
    open opera opposing opposition optimal optional order orientation original other others otter
    ought outright outside oven over owe owens own owner pace pack packed packing page paid pain
    paint pair palace pale pals panicked panicking pants paper pardon parent park part party pass
    password past paste patch path pats pause paws pay peace peak pear peat peek pen pencil penny
    people perceived percent perfect perform perhaps perimeter period perished perk permit person
    pest petition phone photo phrase physician picket pickled piece pike pile pilot pink pints pipe
    pitch pitching pity place plain plan plane planet plant planting plastic plate play please
    plenty plight plot plough pocket poem poet point pointers poison poked poker pole police polite
    politics pool poor poorer pope popped popular pore port pose posed poses posh possess post
    potato pound pounding pour powder power praise pray preached preceded prefer prepare presided
    president press pressure pressured pretended prettier pretty prevent previous price priced
    prices pricey pride priest prime print printing prison private prize proceeded professed profit
    programs progressed project prompt prompted proof proper proposed prospective protect proud
    prove pull pump punching punish punished punishing pupil pure purple purpose pursuing push
    python quarrel quart queen quick quiet quieter quite race radio radius raft rage rail rain
    raise raising rambling ran rang range ranged ranger rank rapid rare rate rather ration raw
    razor reach react reacted reacting reaction reactive read ready real rear reason receive recent
    recognised recognized recognizes record red reduce regret regulation reject relate relational
    relaxation relegation relief religion relocation rely remain remark remedy remind remove rent
    repair repeat reply report rescue rescuing resistant respected rest result return revelation
    reversal reversed reverted revising reward rhyme rice rich richer rid ride rider riding rife
    rift rigger right ring rinse ripe ripper rise risen risk risking rites rival river roach road
    roar rob rock rod role roll roof room root rope rose rot rotated rotation rouge rough rougher
    round rounding routed row royal rub rubber rude rug ruin ruining rule run runaway rung ruse
    rush rust rusty sacked sacred sad safe safer said sail salad sale salt same sample sand sat
    sauce save saw scale scan scare scene scent school science score scorn scrap scrape scraped
    scrapped scraps screaming screen screw screwing sea search season seat second seconded seconds
    secret see seed seeding seeking seem seeming seine seize sell send senior sens sense sensory
    sent serious serve set settle seven seventh sew shade shadow shaft shake shall shame shape
    share sharp sharper shave sheep sheer sheet shelf shell shelter shift shine shiny ship shipper
    shipping shirt shock shoe shone shoot shooter shop shopping shore short shortcut shorted
    shorten shortly shorts shorty shot should shoulder shout shoved show shower shrinking shut sick
    side sidewalk sidewalks siding sift sight sign silence silk silly silver simmer simple sin
    since sing single sink sir sister sit site six sixth skill skim skin skinner skip skipping
    skirt skit sky slam slap slapping slave sleep slice slices slicing slick slide slider slight
    slime sling slip slipper slipping slit sloser slow slower slum smacked small smart smell
    smelled smeller smells smile smoke smooth smoother snake snapping snow snuck soap social sock
    soft softer soil soldier sole solid solve soma some son song soon soothing sore sorrow sort
    soul sound soup sour south space spade spamming spare spared spat spawn spawning speak special
    speech speed spell spend spent spice spider spill spin spine spirit spit spite split spoil
    spoke spoon sport sporting spot spread spring square staff stage stain stair stalked stamp
    stand star stare start state station statute statutes stay steady steal stealth steam steel
    steep steer steering stem step stepped stepping stick sticking stiff still sting stink stinks
    stir stirring stock stocked stoke stomach stomp stomping stone stood stop store storm storming
    story stove straining strange strapped straw stream street stretch stretched stretcher stricken
    stride strides strife strike striker strikers string strip stripe stripes stripped strive
    strives striving stroke stroking strong stronger struck stuff stupid subject subjects submit
    succeed such suck sudden sudo suffer sugar suggest suit suitably summer sun sunny supper supply
    supplying support supporter supporters supportive sure surface surfaced surpassed surprise
    swallow swallowed swan swapping swear sweat sweep sweeping sweet swell swift swim swimmer
    swimmers swine swing sword swung sympathy system table tack tackling tail take taker tale talk
    talker talking tall tallied tally tame tap taping taste tasty tax taxi taxing tea teach
    teaching team tear teen tell teller temperature ten tend tennis tent tenth term test texture
    thank that theatre theory these thick thicket thief thin thing think thinker third thirst
    thirteen thorn thorough those thread threat three thrive throat throne throw thumb thunder tick
    ticket tides tidy tie tiger tight till tilt tilted time tin tinder tinker tint tip tire title
    toe token told tomorrow ton tongue tonight tool tooth top tore torn toss total touch touche
    touched touchy tough toughest tour toward towel tower town toy trace track tracking tract trade
    train translate transverse trap travel traveled traveler travelers tray treasure treat tree
    tremble trial tribe trick trigger trip tripped trouble truck trucking true trunk trust truth
    try tube tune turf turn tweaking twelve twenty twice twin twist type ugly uncle under undermine
    undo union unit unite universe unlocked until untrue up upper upright upset urge use useful
    useless usual vain valley value vary veil velocity verb verse very vessel victory view village
    vintage violent virtue visit voice vote vowel voyage wade wader wafer wage wager waist wait
    wake walk walker wall wander want war ware wares warm warmer warmth warn warp wash waste watch
    water wave wax way weak weaker wealth weapon wear wears weary weather weave wedding weed week
    weeks weigh weighed weighs weight weights weirdest welcome well were west wet what wheat wheel
    when where whereas whether which while whip whisper whistle white who whole whom whose why
    wicked wide wider wife wild wilder wilderness wildest will win wind winder window wine wing
    winter wipe wire wise wiser wish with within without witness woman wonder wood wool word wore
    work world worm worn worry worse worship worth would wound wrap wreck wright wrist write wrong
    yard year years yellow yes yesterday yet yield young younger youth zero zipper
    """
)
"""Real words near the words of questions: never corrected into one of them."""
