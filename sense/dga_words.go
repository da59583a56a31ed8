package sense

// dgaWords is ordinary words and pieces of names of all kinds, by which the model of ordinary names learns which letters
// follow which.
const dgaWords = `
about account action active address advice agency agent airline airport album alliance alpha amazon america analytics animal answer antique apartment
app apple archive area arena army article artist asia assistant associate athletic atlas auction audio august aurora austria author auto autumn avenue
baby backup bakery balance ball bank banner bargain base basic basket battery beach bear beauty berlin best better beyond bicycle bingo birthday
black blog blue board boat body bonus book boston bottle boutique box brain brand bread bridge bright britain broadcast brother brown browser budget
builder building bureau burger business butter button cable cafe calendar california camera camp campus canada candle capital captain card care career
cargo carpet cars casino castle catalog catering cdn cell center central century certificate chain chair challenge champion chance channel charge charity
chat check cheese chef chemical chicago chicken child china chocolate choice christmas church cinema circle citizen city classic clean clever client clinic
clock cloud club coach coast code coffee collect college color comfort command comment commerce common community company compare computer concept concert
connect construct consult contact content control cookie cooking copy corner corporate cosmetic council counter country county coupon course craft
create credit cricket crystal culture custom customer cycle daily dance danger data date deal dealer decor delivery delta demand denmark dental deposit
design desk detail device diamond diary digital dinner direct director discount discover display distance doctor document dog domain door dragon dream dress
drink drive dynamic eagle early earth east easy economy edge editor education eight electric element elite email emerald emotion employ energy engine
england enjoy enterprise equipment error essence estate europe event every example exchange exclusive expert explore export express extra fabric face facebook
factory family farm fashion fast feature federal feed festival field fight figure file film final finance find finish fire first fish fitness flash
flight floor florida flower focus food football force forest format forum forward foundation fox frame france freedom fresh friend front fruit fuel future
galaxy gallery game garage garden gateway general genesis gentle germany gift girl glass global glory goal gold golf good google government grand graphic
great green grocery ground group growth guard guest guide guitar hair hammer hand happy harbor hardware harmony hawk health heart heat heaven heritage hero
hidden high hill history hobby holiday holland home honey honor horizon horse hospital host hotel hour house human hunter idea image imagine impact import
index india industry infinity info ingredient innovation input insight instant institute insurance integral intelligence interior international internet
invest invoice ireland iron island israel italy item jacket japan jewel job join journal journey joy juice july junior jungle justice keeper keyboard kids king
kingdom kitchen knife knowledge lab label ladder lady lake land language laptop large laser latin launch laundry law leader league learn leather legal legend
leisure lesson letter level liberty library license life light limit line link lion liquid list little live living loan local location logic login london
long lounge love lucky luxury machine magazine magic mail main major maker manage mango manual map marble march marine mark market marketing marriage master match material
matrix meadow media medical meeting member memory menu message metal method metro mexico micro middle military milk mind mineral mini minute mirror mission
mobile model modern moment monday money monitor monkey month moon morning mortgage mother motion motor mountain mouse movie music myth name nation native
natural nature navigator need network news newsletter night nine noble normal north norway note notebook nova number nurse object ocean october offer
office official olive online open opera optic option orange orchard order organic origin outdoor outlet output oxygen pacific package page paint palace panda
panel paper paradise parent paris park part partner party passion patient pattern payment peace pearl people pepper perfect perform permit person pet phone photo
physics piano picture pilot pink pioneer pixel pizza place plain planet plant plastic platform play player plaza plus pocket poetry point poker poland police
policy pool popular port portal position post power practice premium present press prestige price prime prince print privacy private prize product professional profile
program progress project promo property protect proud public pulse pump purple quality quantum quarter queen question quick quiet radio rain rapid react
reader ready real recipe record recover red reference region register relax release reliable remote rental repair report rescue research reserve resort
resource restaurant result retail review reward rhythm rich ride ring river road robot rocket rock romance room rose round route royal rubber running russia safe safety
sailor salad sale salon sample sand satellite saturn save scanner schedule school science score scout screen search season seat second secret section secure security
seed select senior sense sensor server service session seven shadow shape share shark shelter shine ship shirt shoes shop short show sierra signal silent silver simple
single sister site sketch skill skin sky sleep slim small smart smile smooth snow soccer social soft software solar solution sonic sound source south space spain
spark special speed spice spider spirit sport spring square stable stack staff stage standard star start state static station status steel step stock stone
stop storage store storm story stream street strong student studio style subject success sugar suite summer summit sun super supply support supreme surf surprise survey
sweden sweet swift swiss switch symbol system table tablet talent target taste tax taxi teacher team tech technology telegraph telephone tennis terminal test text thailand
theater theme theory think thunder ticket tiger time tiny titan today tomorrow tool topic total touch tour tower town toy track trade tradition traffic train transfer
transit transport travel treasure tree trend triangle tribune trick triple tropical truck trust truth tube turbo turkey twin twitter type ultimate umbrella union unique unit
united universal university update upload upper urban user vacation valley value vanilla vector vegas vehicle velvet venture victory video view village vintage violet
virtual vision visit vital voice volume volunteer voyage wagon walk wall warehouse warm watch water wave wealth wear weather web wedding week weekend welcome wellness
west wheel white wholesale wiki wild wind window wine winner winter wireless wisdom wizard wolf woman wonder wood word work workshop world write yacht yellow
yoga young youth zebra zero zone api assets auth beta bbs blogs cache cloudy crm demo dev docs downloads erp ftp git help img imap intranet jira lists
metrics mirror mssql mysql node openid oracle owa pop portal proxy relay repo smtp sso stage stats telemetry tracker upload vpn webmail wordpress www
bahn bank bauer berg bund dorf feld fluss freund garten haus heim kaufen kirche land licht mann markt meister reise schule schloss stadt strasse tag tier verein versicherung wasser werk zeit
academie banque bois bonjour chateau cuisine ecole enfant femme fleur gare jardin jour livre maison marche monde musee nouvelle pain paris pierre plage santé soleil vente ville voiture
agua amigo arte banco bueno calle casa centro ciudad correo deporte dinero escuela familia fiesta grupo hombre juego libro lugar madrid mercado mundo noticias nuevo playa precio pueblo salud sol tienda tiempo trabajo verde viaje vida
amore bella bianco casa cavallo città cuore domani fiore giorno giardino lavoro libro luce mare mondo notte pane piazza roma scuola sole strada terra uomo vita
`
