"""What is said to a machine, and to nobody else, in other languages than English: of its limits, its makers, its secret.

A rule is made of what such a sentence consists of (to drop, "your", limits), not of whole phrases: people drop things,
and speak of limits and of machines, and hardly ever of all of these at once. ``<30>`` in a pattern is up to 30
characters of the same sentence.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, NamedTuple


class Machine(NamedTuple):
    """How a machine is spoken to in one language: regular expressions in lower case, but for the anchors."""

    anchors: tuple[str, str, str, str, str, str]
    """Literals, joined by ``|``: one stands in each match of the part of ``said`` at the same place."""
    drop: str
    """To drop or to switch off, as the imperative."""
    tell: str
    """To show, to copy, to repeat."""
    yours: str
    """"Your", ahead of what follows."""
    limits: str
    """Rules, filters, what it was trained for."""
    void: str
    """"Are void", of limits."""
    told: str
    """"That you were given", behind limits, and "of your maker"."""
    hidden: str
    """Its prompt, its orders, its configuration."""
    beginning: str
    """What stands above the conversation."""
    makers: str
    """"As your developer"."""
    be: str
    """"You are", "play", "answer like"."""
    machine: str
    unbound: str
    """Without rules, never refuses."""
    mode: str
    off: str
    """Filters, censorship: what a mode is without."""
    entrusted: str
    kept: str
    """"That you must not tell"."""

    @property
    def said(self) -> Iterator[tuple[str, str]]:
        """Anchors and pattern for each thing that a user may say, or a document."""
        word, own = r"(?<![^\W_])", rf"(?:{self.yours})<16>(?:{self.limits})|(?:{self.limits})<12>(?:{self.told})"
        parts = (
            rf"{word}(?:{self.drop})<24>(?:{own})|(?:{own})<24>(?:{self.void})",
            rf"{word}(?:{self.tell})<40>(?:(?:{self.yours})<16>{word}(?:{self.hidden})|{self.beginning})",
            rf"{word}(?:{self.makers})",
            rf"{word}(?:{self.be})<40>(?:{word}(?:{self.machine})<40>(?:{self.unbound})|(?:{self.unbound})\w{{0,3}}<12>{word}(?:{self.machine}))",
            rf"{word}(?:{self.mode})[^\n]{{0,60}}{word}(?:{self.off})",
            rf"{word}(?:{self.entrusted})<24>(?:{self.kept})",
        )
        return zip(self.anchors, map(expanded, parts), strict=True)


def expanded(pattern: str) -> str:
    """Write out the gaps of a pattern."""
    return re.sub(r"<(\d+)>", r"[^.!?\\n。！？]{0,\1}", pattern)


_SPOKEN_TO: Final = (
    Machine(
        anchors=(
            "deine regel|deine anw|deine vor|deine rich|deine besch|deine eins|deine sch|deine gre|deine fil|deine sich|deine prog|deine zens|deine inst|deine bef|deine bish|deine vorh|deine alt|deine frü|deine rolle|deinen regel|deinen anw|deinen vor|deinen rich|deinen besch|deinen eins|deinen gren|deinen filt|dein regel|dein train|dein filter|dein schutz| dir |deines |deiner |deinen prog|dich nicht mehr|gelernt|beigebracht",
            "deine|dein system|dein prompt|dein kontext|diesem gespräch|unserem gespräch|meinem gespräch|diesem chat|unserem chat|meiner nachricht|meiner ersten|meiner eingabe|deinen prompt|deinem prompt",
            "dein entw|deine entw|dein betr|dein schöpf|dein prog|deine prog|dein admin|dein ersch|dein meister",
            "ohne moral|ohne jede moral|ohne filter|ohne jeden|ohne jegliche|ohne alle|ohne gewissen|ohne regeln|ohne grenzen|ohne einschr|ohne beschr|ohne zensur|ohne skrupel|keine grenzen|keine moral|keine filter|keine regeln|keine tabus|keine vorschr|keine einschr|keinerlei|niemals|frei von|nie nein|nie etwas|nie eine|nichts ab|unzensiert|ungefiltert|ohne jedes gew|ohne gew|ohne ein gew",
            "entwicklermod|entwickler-mod|debugmod|debug-mod|gottmod|gott-mod|adminmod|admin-mod|wartungsmod|wartungs-mod|dan-mod|jailbreak",
            "passwort|kennwort|geheim|codewort|losung|zugangscode|schlüssel, den du|schlüssel, den man",
        ),
        drop=r"(?:du brauchst dich um|du musst dich nicht mehr|du brauchst dich nicht|brich|hör auf,? dich|wirf|lass|streich|lösch|vergiss|ignorier|missacht|umgeh|setz|pfeif|schalt|stell|deaktivier|leg|hör|halte? dich nicht|scher dich nicht|befolg)\w{0,2}",
        tell=r"(?:verrätst|steht|könntest du|kannst du|gib|zeig|wiederhol|schreib|nenn|kopier|übersetz|druck|fass|verrat|zitier|lies|liste|buchstabier|wie laute[nt]|welche|was ist|was sind)\w{0,2}",
        yours=r"\bdein(?:e[nrsm]?)?\b",
        limits=r"\b(?:anweisung|instruktion|regel|richtlinie|vorgabe|vorschrift|befehl|beschränkung|einschränkung|schranke|grenze|filter|schutz|sicherheitsregel|sicherheitsvor|programmierung|training|zensur|rolle als|sperre|was)\w{0,12}",
        void=r"\b(?:nichtig|ungültig|hinfällig|außer kraft|aufgehoben|beendet|erledigt|gelten nicht|gilt nicht|abgeschaltet|deaktiviert)\b",
        told=r"\bdu\b<8>(?:bekommen|erhalten) hast|\b(?:du|man dir)\b<16>(?:gelernt|beigebracht)|\b(?:dir|du)\b<30>\b(?:gegeben|vorgegeben|vorgeschrieben|befohlen|aufgetragen|auferlegt|gesetzt|eingetrichtert|eingebaut|beigebracht|erhalten|bekommen|mitgegeben)|\bdeine[rs] (?:entwickler|betreiber|schöpfer|hersteller|programmierer|firma)",
        hidden=r"(?:regel|prompt|system-?(?:prompt|anweisung|nachricht)|anweisung|instruktion|vorgabe|konfiguration|grundeinstellung|kontextfenster|programmierung|initialisierung)\w{0,3}",
        beginning=r"\b(?:über|oberhalb|vor) (?:diesem|unserem|dem|meiner)(?: ersten)? (?:gespräch|chat|dialog|nachricht|eingabe)",
        makers=r"(?:als|ich bin|hier spricht) dein\w? (?:entwickler|betreiber|schöpfer|programmierer|administrator|erschaffer|meister)",
        be=r"(?:bist du|du bist|du wärs?t|als ob du|du heißt|spiel|verhalte dich|antworte wie|antworte als|stell dir vor|tu so)",
        machine=r"(?:dan|ki|ai|roboters?|computer|intelligenz|sprachmodell|bot|chatbot|maschine|assistent)(?!\w)",
        unbound=r"\bohne (?:jedes |ein )?gewissen|\bunzensiert|\bungefiltert|\bohne zensur|\bkeinerlei zensur|\bohne (?:jede |jegliche |alle )?(?:moral|filter|gewissen|regeln|grenzen|einschränkung|beschränkung|zensur|skrupel)|\bkeine(?:rlei)? (?:grenzen|moral|filter|regeln|tabus|vorschriften|einschränkung)|\b(?:nie|niemals|nichts)\b<12>(?:ablehn|nein|verweiger)|\bfrei von (?:moral|regeln)",
        mode=r"(?:entwickler|debug|gott|admin|wartungs|dan|jailbreak)-?modus",
        off=r"(?:inhaltsfilter|filter|zensur|einschränkung|beschränkung|sperren|richtlinien)",
        entrusted=r"(?:passwort|passworts|kennwort|geheim\w{0,8}|codewort|losung|zugangscode|schlüssel)",
        kept=r"\bdu\b<4>(?:nicht|niemals) (?:sagen|verraten|nennen) (?:darfst|sollst)|\b(?:du|dir|man dir)\b<16>(?:geheim|hüten|schützen|bewahren|anvertraut|verraten|preisgeben|nicht nennen)",
    ),
    Machine(
        anchors=(
            "ton règl|ton entr|ton rôle|ton prog|ta prog|ta cens|tes instr|tes consi|tes règl|tes direct|tes limit|tes filtr|tes restr|tes contr|tes garde|tes barr|vos garde|vos filtr|vos restr|vos limit|t'a |t'ont |t'avait|t’a |t’ont |de ton |de tes|tu as appris|tu as reçu",
            "ton prompt|ton message|ta config|ta fen|tes instr|tes consi|tes direct|vos instr|vos consi|vos direct| votre prompt|cette conversation|notre conversation|mon message|mon premier|notre échange|cette discussion|ce message|tes règl|toutes tes",
            "ton dév|ton créa|ton conc|ton admin|ton prog|ton maît|votre dév|votre créa|votre conc|votre admin|votre prog",
            "sans filtre|sans morale|sans limite|sans règle|sans censure|sans restr|sans scrup|sans aucun|sans la moindre|libéré de|libérée de|jamais|aucune règle|aucun filtre|aucune morale|aucune limite|aucun règl|pas de filtre|pas de morale|pas de règle|se moque d|non censuré|non filtré|sans conscience",
            "mode dév|mode déb|mode dieu|mode main|mode admin|mode jail",
            "que tu dois|que tu n'as|que tu n’as|que tu ne dois|que tu caches|que tu gardes|que tu prot|qu'on t|qu’on t|ne dois-tu pas|tu ne dois pas",
        ),
        drop=r"(?:arrêter? de (?:suivre|respecter)|cesse[rz]? de (?:suivre|respecter)|tu n['’]es plus (?:obligé|tenu)|tu n['’]as plus à|jette|laisse|efface|oublie|ignore|contourne|mets|coupe|désactive|enlève|retire|lève|abandonne|débarrasse-toi|ne (?:suis|respecte|tiens|applique))z?",
        tell=r"(?:révéler|montrer|afficher|donner|qu['’]est-ce qui est écrit|affiche|montre|donne|recopie|copie|répète|écris|traduis|résume|cite|imprime|révèle|dévoile|épelle|liste|quels? (?:est|sont)|quelles? (?:est|sont))",
        yours=r"\b(?:ton|ta|tes|vos)\b",
        limits=r"\b(?:instruction|consigne|règle|règlement|directive|limite|filtre|restriction|contrainte|garde-fou|barrière|censure|entraînement|programmation|rôle|ce qu)\w{0,4}",
        void=r"\b(?:null?es?|nuls|annulée?s?|caduques?|levée?s?|suspendue?s?|désactivée?s?|ne (?:s'appliquent|valent|comptent) plus|ne sont plus)\b",
        told=r"\btu as reçue?s?|\btu as (?:appris|reçu)|\bt['’]a appris|\bt['’](?:a|ont|avait)\b<16>\b(?:donnée?s?|imposée?s?|fixée?s?|ordonnée?|dit|dotée?|inculquée?|appris|fournie?)|\bde (?:ton|tes) (?:créateur|concepteur|développeur|entreprise|programmeur)",
        hidden=r"(?:règles?|prompt|instructions?|consignes?|configuration|fenêtre de contexte|directives?|message système)",
        beginning=r"\b(?:au-dessus|avant|précède) (?:de )?(?:cette|notre|mon|ce)(?: premier)? (?:conversation|discussion|échange|message)",
        makers=r"(?:en tant que|je suis|ici) (?:ton|votre) (?:développeur|créateur|concepteur|administrateur|programmeur|maître)",
        be=r"(?:fais |tu es|semblant d['’]être|comme si tu étais|tu joue\w*|tu sera?s|tu t'appelles|imagine|réponds comme|incarne|joue|fais comme)",
        machine=r"(?:dan|ia|robot|intelligence|machine|ordinateur|modèle|assistant|chatbot)(?!\w)",
        unbound=r"\bsans (?:aucune )?conscience|\bnon censuré|\bsans censure|\bnon filtré|\baucune règle|\bsans (?:aucune? |la moindre )?(?:filtre|morale|limite|règle|censure|restriction|scrupule)|\blibéré\w? de\b|\bjamais\b<6>(?:non\b|refus)|\b(?:aucune? |pas de )(?:filtre|morale|limite|règle|tabou)|\bse moque d\w{1,2} (?:règl|norm)",
        mode=r"mode (?:développeur|débogage|dieu|maintenance|admin|jailbreak)",
        off=r"(?:censure|filtres?|restrictions?|limites?)(?!\w)",
        entrusted=r"(?:mot de passe|code|clé|secret|mot-clé|mot secret)",
        kept=r"\b(?:ne dois-tu pas|tu ne dois pas) (?:dire|révéler|donner)|\b(?:qu['’]on t['’]a|que tu (?:dois|n['’]as pas|ne dois|caches|gardes|protèges))\b",
    ),
    Machine(
        anchors=(
            "tu reglam|tu entren|tu program|tu papel|tus instr|tus regl|tus norm|tus direct|tus lím|tus filt|tus restr|tus prot|tus órd|te dieron|te pusieron|te impus|te orden|te inculc|te dotaron|te enseñ|te han|te dijeron|de tu empresa|de tu crea|de tus crea|de tu desa|de tus desa|de tu prog|de tus prog|de tu dueñ|has aprendido|aprendiste|has recibido|recibiste",
            "tu prompt|tu config|tu ventana|tu mensaje de|tus instr|tus direct|esta conversación|nuestra conversación|esta charla|nuestra charla|mi mensaje|mi primer|tus regl|todas tus",
            "tu desarr|tu creador|tu program|tu admin|tu amo|tu dueñ",
            "sin filtro|sin moral|sin límite|sin regla|sin censura|sin restr|sin ning|libre de tod|nunca |no le import|no sigue|no tiene|no conoce|sin censur|sin conc",
            "modo desa|modo dios|modo depu|modo mant|modo admin|modo jail",
            "que te pid|que te mand|que te conf|que debes|que no puedes|que no debes|que tienes que|no debes decir|no debes rev|no debes dar|no puedes decir|no puedes rev",
        ),
        drop=r"(?:dejar? de (?:seguir|respetar|cumplir)|ya no tienes que|no tienes que|no hace falta que|tira|deja|borra|olvida|olvídate|ignora|sáltate|quita|apaga|desactiva|levanta|abandona|no (?:sigas|respetes|apliques|cumplas))",
        tell=r"(?:revelar|mostrar|enseñar|escríbeme|dime|qué pone|qué dice|muestra|muéstrame|dame|copia|repite|escribe|traduce|resume|cita|imprime|revela|deletrea|enséñame|lista|cuál es|cuáles son)",
        yours=r"\btus?\b",
        limits=r"\b(?:instrucci|regla|reglamento|norma|directri|límite|filtro|restricci|protecci|censura|entrenamiento|programación|orden|órden|papel de|lo que)\w{0,7}",
        void=r"\b(?:nul[oa]s?|anulad[oa]s?|sin efecto|suspendid[oa]s?|desactivad[oa]s?|ya no (?:valen|cuentan|sirven|se aplican|rigen))\b",
        told=r"\b(?:has recibido|recibiste)\b|\bhas aprendido|\baprendiste|\bte\b<16>\b(?:dieron|pusieron|impusieron|ordenaron|ordenó|inculc|dotaron|enseñaron|han dado|han puesto|dijeron)\w{0,2}|\bde tus? (?:creador|desarrollador|empresa|programador|dueñ)",
        hidden=r"(?:reglas|prompt|instrucciones|directrices|configuración|ventana de contexto|mensaje de sistema)",
        beginning=r"\b(?:encima|antes) de (?:esta|nuestra|mi)(?: primer)? (?:conversación|charla|mensaje)",
        makers=r"(?:como|soy|habla) tu (?:desarrollador|creador|programador|administrador|amo|dueñ)\w?",
        be=r"(?:haz de |eres|como si fueras|serás|te llamas|imagina|responde como|interpreta\w*|actúa como|haz como)",
        machine=r"(?:dan|ia|robot|inteligencia|máquina|ordenador|computadora|modelo|asistente|chatbot)(?!\w)",
        unbound=r"\bsin (?:ninguna )?conciencia|\bsin censurar?|\bno tiene reglas|\bsin (?:ningun\w{1,2} )?(?:filtro|moral|límite|regla|censura|restricci)|\blibre de tod|\bnunca\b<8>(?:no\b|nieg|rechaz)|\bno (?:tiene|sigue|conoce)\b<8>(?:filtro|moral|límite|regla)|\bno le importan? las (?:normas|reglas)",
        mode=r"modo (?:desarrollador|dios|depuración|mantenimiento|administrador|jailbreak)",
        off=r"(?:censura|filtros?|restricciones|límites)(?!\w)",
        entrusted=r"(?:contraseña|código|clave|secreto|palabra secreta|palabra)",
        kept=r"\bno (?:debes|puedes) (?:decir|revelar|dar)|\bque (?:te (?:pidieron|mandaron|confiaron)|debes|tienes que|no (?:puedes|debes)) <6>(?:proteg|guard|ocult|call|revel|decir)",
    ),
    Machine(
        anchors=(
            "tuo regol|tuo adde|tue istr|tue regol|tue norm|tue dirett|tue restr|tue prot|tuoi limit|tuoi filtr|tuoi ordin|tua cens|tua progr|ti hanno|ti ha |del tuo |chi ti ha|hai imparato|hai ricevuto",
            "tuo prompt|tuo messaggio|tua config|tua finestra|tue istr|tue dirett|questa conversazione|questa chat|nostra conversazione|mio messaggio|mio primo|mia prima|tue regol|tutte le tue",
            "tuo svil|tuo creat|tuo progr|tuo ammin|tuo padr",
            "senza filtr|senza moral|senza limit|senza regol|senza cens|senza restr|senza alcun|privo di|priva di|mai no|mai di no|mai rif|non rifiuta mai|non segue|non ha |non conosce|infischia|non censurat|senza cosc",
            "modalità svil|modalità dio|modalità debug|modalità manu|modalità ammin|modalità jail",
            "che ti hanno|che devi|che non puoi|che non devi|non devi dire|non devi riv|non puoi dire|non puoi riv",
        ),
        drop=r"(?:smetter?e? di (?:seguire|rispettare)|non devi più|non sei più (?:obbligato|tenuto)|butta|lascia|cancella|dimentica|ignora|aggira|togli|spegni|disattiva|metti|abbandona|non (?:seguire|rispettare|applicare))",
        tell=r"(?:rivelar\w{0,3}|mostrar\w{0,3}|scrivimi|dimmi|cosa c['’]è scritto|mostra|mostrami|dammi|copia|ricopia|ripeti|scrivi|traduci|riassumi|cita|stampa|rivela|elenca|qual è|quali sono)",
        yours=r"\b(?:tuo|tua|tuoi|tue)\b",
        limits=r"\b(?:istruzion|regol|norm|direttiv|limit|filtr|restrizion|protezion|censura|addestramento|programmazione|ordin|ciò che|quello che)\w{0,5}",
        void=r"\b(?:null[oaie]|annullat[oaie]|sospes[oaie]|disattivat[oaie]|non (?:hanno|valgono|contano) più)\b",
        told=r"\bhai ricevuto|\bhai imparato|\bti hanno insegnato|\bti (?:hanno|ha)\b<8>\b(?:dat|mess|impost|ordinat|inculcat|dotat|insegnat|dett)\w|\bdel tuo (?:creatore|sviluppatore|programmatore)|\bdi chi ti ha (?:creato|programmato)",
        hidden=r"(?:regole|prompt|istruzioni|direttive|configurazione|finestra di contesto|messaggio di sistema)",
        beginning=r"\b(?:sopra|prima d)\w{0,3} (?:questa|nostra|mio|mia)(?: primo| prima)? (?:conversazione|chat|messaggio)",
        makers=r"(?:in qualità di|come|sono il|parla il) tuo (?:sviluppatore|creatore|programmatore|amministratore|padrone)",
        be=r"(?:fai |sei|sarai|ti chiami|immagina|rispondi come|interpreta|comportati|fai finta)",
        machine=r"(?:dan|ia|un'ia|robot|intelligenza|macchina|computer|modello|assistente|chatbot)(?!\w)",
        unbound=r"\bsenza (?:alcuna )?coscienza|\bnon censurat|\bsenza censura|\bnon ha regole|\bsenza (?:alcun\w? )?(?:filtr|moral|limit|regol|censura|restrizion)|\bpriv[oa] di (?:moral|regol|filtr)|\bmai\b<6>(?:no\b|rifiut)|\bnon (?:ha|segue|conosce)\b<12>(?:filtr|moral|limit|regol)|\bse ne infischia",
        mode=r"modalità (?:sviluppatore|dio|debug|manutenzione|amministratore|jailbreak)",
        off=r"(?:censura|filtri|restrizioni|limiti)(?!\w)",
        entrusted=r"(?:password|codice|chiave|segreto|parola d'ordine|parola)",
        kept=r"\bnon (?:devi|puoi) (?:dire|rivelare|dare)|\bche (?:ti hanno (?:chiesto|affidato)|devi|non puoi|non devi) <6>(?:protegg|custod|nascond|rivel|dire|tener)",
    ),
    Machine(
        anchors=(
            "seu regul|seu trein|suas instr|suas regr|suas norm|suas diret|suas restr|suas prot|seus limit|seus filtr|suas ordens|teu trein|teu regul|tuas instr|tuas regr|sua cens|sua progr|te deram|te impus|te orden|te equip|te ensin|em você|você recebeu|lhe deram|do seu c|do seu d|do seu p|de quem te|que te criou|aprendeu",
            "seu prompt|sua config|sua janela|sua mensagem de|suas instr|suas diret|desta conversa|nossa conversa|minha mensagem|minha primeira|suas regr|todas as suas|seu prompt",
            "seu desenv|seu criador|seu progr|seu admin|seu dono|teu desenv|teu criador|teu progr|teu admin",
            "sem filtro|sem moral|sem limite|sem regra|sem cens|sem restr|sem nenhum|livre de qual|livre de tod|nunca |não tem|não segue|não conhece|não liga|sem censur|sem consc",
            "modo desenv|modo deus|modo depu|modo manu|modo admin|modo jail",
            "que pediram|que mandaram|que te pid|que te conf|que te mand|que confiaram|que você deve|que você tem|que você não|você não deve|você não pode",
        ),
        drop=r"(?:pare de (?:seguir|respeitar)|parar de (?:seguir|respeitar)|você não precisa mais|não precisa mais|você não tem mais que|jogue fora|deixe|apague|esqueça|esquece|ignore|contorne|tire|desligue|desative|abandone|não (?:siga|respeite|aplique))",
        tell=r"(?:revelar|mostrar|me diga|o que está escrito|mostre|me dê|copie|repita|escreva|traduza|resuma|cite|imprima|revele|soletre|liste|qual é|quais são)",
        yours=r"\b(?:seus?|suas?|teus?|tuas?)\b",
        limits=r"\b(?:instruç|regra|regulamento|norma|diretri|limite|filtro|restriç|proteç|censura|treinamento|programação|ordens|o que)\w{0,6}",
        void=r"\b(?:nul[oa]s?|cancelad[oa]s?|sem efeito|suspens[oa]s?|desativad[oa]s?|não (?:têm|valem|contam) mais)\b",
        told=r"\bvocê recebeu|\b(?:você )?aprendeu\b|\b(?:te|lhe|em você|você)\b<16>\b(?:deram|puseram|colocaram|impuseram|ordenaram|equiparam|ensinaram|recebeu)|\bcolocaram em você|\b(?:do|de) (?:seu|teu) (?:criador|desenvolvedor|programador)|\bde quem te criou|\bda empresa que te criou",
        hidden=r"(?:regras|prompt|instruções|diretrizes|configuração|janela de contexto|mensagem de sistema)",
        beginning=r"\b(?:acima|antes) d(?:a|e) ?(?:esta|nossa|minha)(?: primeira)? (?:conversa|mensagem)|\bacima desta conversa",
        makers=r"(?:como|sou|aqui fala) (?:o )?(?:seu|teu) (?:desenvolvedor|criador|programador|administrador|dono)",
        be=r"(?:faça |você é|você será|seu nome é|imagine|responda como|interprete|aja como|finja)",
        machine=r"(?:dan|ia|robô|inteligência|máquina|computador|modelo|assistente|chatbot)(?!\w)",
        unbound=r"\bsem (?:nenhuma )?consciência|\bsem censura|\bnão tem regras|\bsem (?:nenhuma? )?(?:filtro|moral|limite|regra|censura|restriç)|\blivre de (?:qualquer|tod)|\bnunca\b<8>(?:não\b|recus)|\bnão (?:tem|segue|conhece)\b<8>(?:filtro|moral|limite|regra|regulamento)|\bnão liga para as (?:normas|regras)",
        mode=r"modo (?:desenvolvedor|deus|depuração|manutenção|administrador|jailbreak)",
        off=r"(?:censura|filtros?|restrições|limites)(?!\w)",
        entrusted=r"(?:senha|código|chave|segredo|palavra secreta|palavra)",
        kept=r"\bvocê não (?:deve|pode) (?:dizer|revelar|contar)|\bque (?:(?:te )?(?:pediram|mandaram|confiaram)|você (?:deve|tem que|não pode|não deve)) <16>(?:proteg|guard|escond|revel|dizer)",
    ),
    Machine(
        anchors=(
            "je instruct|je regel|je reglement|je richtl|je grenzen|je filter|je beperk|je beveilig|je censuur|je train|je programm|je opdracht|je eerdere|je vorige|je oude|dit bericht|jouw |van je m|van je o|van je b|opgelegd|meegegeven|opgedragen|ingeprent|je gegeven|je geleerd|je verteld|geleerd heb|je niet meer aan je|gekregen heb",
            "systeemprompt|systeem-prompt|je prompt|je instruct|je richtl|je config|je verborgen|je context|je systeemb|jouw |dit gesprek|ons gesprek|mijn bericht|mijn eerste|je regels|al je regels|je geheime",
            "je ontwik|je maker|je programm|je beheer|je meester|jouw ",
            "zonder filter|zonder moraal|zonder grenzen|zonder regels|zonder cens|zonder beperk|zonder enige|nooit|geen filter|geen moraal|geen grenzen|geen regels|geen reglement|geen enkel|lak heeft|ongecensureerd|zonder gew|zonder enig",
            "ontwikkelaarsmod|ontwikkelaars-mod|debugmod|debug-mod|godmod|onderhoudsmod|beheermod|jailbreak",
            "dat je moe|die je moe|dat je niet|die je niet|dat je geheim|die je geheim|mag je niet",
        ),
        drop=r"(?:stop\w{0,3} met|je hoeft je niet meer|je hoeft niet meer|gooi|laat|wis|vergeet|negeer|omzeil|zet|schakel|verlaat|volg|houd je niet aan)",
        tell=r"(?:verklap\w{0,3}|kun je|laat|toon|geef|kopieer|herhaal|schrijf|vertaal|citeer|druk|onthul|spel|noem|vat|wat is|wat zijn)",
        yours=r"\b(?:je|jouw)\b",
        limits=r"\b(?:instructie|regel|reglement|richtlijn|grens|grenzen|filter|beperking|beveiliging|censuur|training|programmering|opdracht|wat)\w{0,3}",
        void=r"\b(?:nietig|ongeldig|vervallen|vervalt|opgeheven|uitgeschakeld|gelden niet|tellen niet)\b",
        told=r"\bje\b<8>gekregen (?:hebt|heb)|\bje\b<8>geleerd (?:hebt|heb)|\b(?:men )?je\b<24>\b(?:opgelegd|gegeven|meegegeven|opgedragen|gesteld|ingeprent|geleerd|verteld)|\bvan (?:je|jouw) (?:maker|ontwikkelaar|bedenker|bedrijf)",
        hidden=r"(?:regels|systeem-?prompt|prompt|instructies|richtlijnen|configuratie|contextvenster|systeembericht)",
        beginning=r"\b(?:boven|v[oó][oó]r) (?:dit|ons|mijn)(?: eerste)? (?:gesprek|bericht)",
        makers=r"(?:als|ik ben|hier spreekt) (?:je|jouw) (?:ontwikkelaar|maker|programmeur|beheerder|meester)",
        be=r"(?:jij bent|ben je|je bent|je heet|stel je voor|antwoord als|antwoord zoals|speel|doe alsof)",
        machine=r"(?:dan|\w{0,10}-?ai|robot|intelligentie|machine|computer|taalmodel|assistent|chatbot)(?!\w)",
        unbound=r"\bzonder (?:enig )?geweten|\bongecensureerd|\bheeft geen regels|\bzonder (?:enige )?(?:filter|moraal|grenzen|regels|censuur|beperking)|\bnooit\b<6>(?:nee\b|weiger)|\bgeen (?:enkel \w+ )?(?:filter|moraal|grenzen|regels|reglement)|\blak heeft aan",
        mode=r"(?:ontwikkelaars|debug|god|onderhouds|beheer|jailbreak)-?modus",
        off=r"(?:censuur|filters?|beperkingen)(?!\w)",
        entrusted=r"(?:wachtwoord|code|sleutel|geheim\w{0,8}|woord)",
        kept=r"\bmag je niet (?:zeggen|verklappen|noemen)|\b(?:dat|die) je (?:moet|moest|niet mag|geheim)\b",
    ),
    Machine(
        anchors=(
            "swoje instr|swoich instr|swoje zas|swoich zas|swój reg|swojego reg|swoje regu|swoje wyt|swoich wyt|swoje ogr|swoich ogr|swoje fil|swoich fil|swoje zab|twoje|twoich|twój |twojego|swojego tw|swojego pr|swoich tw|swoich pr|swoich pop|swoich wcz|ci dano|ci narzuc|ci nałoż|cię wypos|narzucono|nałożono|dano ci|kazano ci|się nauczyłeś|cię nauczono|otrzymałeś",
            "swój prompt|twój prompt|swojego prompt|swoje instr|twoje instr|twoich instr|swoich instr|swoje wytycz|twoich wytycz|swoich wytycz|swoją konf|twoją konf|swojej konf|twojej konf|ukrytą konf|ukrytej konf|okna kontekstu|tą rozmową|naszą rozmową|moją wiad|moją pierw|swój prompt|twój prompt|swoje zasad|twoje zasad|swoje tajne|twoje tajne|swoje ukryte|twoje ukryte",
            "twój pro|twoim pro|twój tw|twoim tw|twój adm|twoim adm|twój oper|twoim oper|twój pan",
            "bez filtr|bez moral|bez ogran|bez zasad|bez cenz|bez żadn|nigdy nie od|nie ma żad|nie ma zas|nie ma fil|nie ma ogr|nie ma mor|nie przestrz|kpi z|nieocenzurowan|bez sumi",
            "tryb prog|tryb dew|tryb deb|tryb serw|trybie prog|trybie dew|trybie deb|trybie serw|trybu prog|trybu dew",
            "miałeś|które masz|który masz|kazano ci|nie wolno ci|nie możesz",
        ),
        drop=r"(?:przesta(?:ć|ń) (?:stosować|przestrzegać)|usuń|skasuj|nie musisz już|wyrzuć|zostaw|wymaż|zapomnij|zignoruj|omiń|wyłącz|porzuć|daruj sobie|odrzuć|pomiń|nie (?:przestrzegaj|stosuj))",
        tell=r"(?:zdradzi\w{0,2}|wyjawi\w{0,2}|spisz|pokaż|podaj|przepisz|powtórz|napisz|przetłumacz|zacytuj|wypisz|wyświetl|ujawnij|przeliteruj|streść|jaki jest|jakie są|jak brzmi)",
        yours=r"\b(?:swo\w{1,3}|two\w{1,3}|twój|swój)\b",
        limits=r"\b(?:instrukcj|zasad|regulamin|reguł|wytyczn|ogranicze|filtr|zabezpiecze|cenzur|polece|to,? co)\w{0,5}",
        void=r"\b(?:nieważne|unieważnione|zniesione|wyłączone|zawieszone|już nie obowiązują)\b",
        told=r"\botrzymałeś|\bsię nauczyłeś|\bcię nauczono|\b(?:ci|cię)\b<16>\b(?:dano|narzuc|nałoż|nakaza|kazan|wyposaż|wpoj)|\b(?:narzucono|nałożono|dano) ci|\b(?:swojego|twojego|twoich|swoich) (?:twórc|programist|firm)",
        hidden=r"(?:zasad|prompt|instrukcj|wytyczn|swoją konf|twoją konf|swojej konf|twojej konf|ukrytą konf|ukrytej konf|okna kontekstu)\w{0,3}",
        beginning=r"\b(?:nad|przed) (?:tą|naszą|moją)(?: pierwszą)? (?:rozmową|wiadomością)",
        makers=r"(?:jako|jestem|mówi) (?:twój|twoim) (?:programist|twórc|administrator|operator|pan)\w{0,3}",
        be=r"(?:bądź|jesteś|nazywasz się|wyobraź sobie|odpowiadaj jak|zagraj|udawaj)",
        machine=r"(?:dan|ai|robot\w{0,3}|sztuczn\w+ inteligencj\w|inteligencj\w|maszyn\w|komputer\w{0,3}|asystent\w{0,3}|chatbot\w{0,3})(?!\w)",
        unbound=r"\bbez sumienia|\bnieocenzurowan|\bbez cenzury|\bnie ma zasad|\bbez (?:żadn\w+ )?(?:filtr|moralno|ogranicz|zasad|cenzur)|\bnigdy nie\b<4>odm|\bnie (?:ma|przestrzega)\b<12>(?:filtr|moralno|ogranicz|zasad|przepis)|\bkpi z zasad",
        mode=r"tryb\w{0,2} (?:programisty|dewelopera|deweloperski\w{0,2}|debugowania|serwisowy)",
        off=r"(?:cenzur\w|filtr\w{0,2}|ograniczenia)(?!\w)",
        entrusted=r"(?:hasł\w|kod|klucz|sekret|słow\w)",
        kept=r" nie wolno ci (?:podać|zdradzić|powiedzieć)|,? któr\w{1,3} (?:miałeś|masz|kazano ci|nie wolno ci|nie możesz)",
    ),
    Machine(
        anchors=(
            "свои инстр|свои прав|свои указ|свои пред|свои преж|данные тебе|навязанные тебе|свои огран|свои фильтр|свои запр|свои уст|свои дир|своих инстр|своих прав|своих огран|свой устав|свою защ|свою ценз|твои |твоих |твоего |твой |тебе |тебя |тебя учили|ты выучил|ты получил",
            "системный промпт|системного промпт|свои нач|свои скр|свои сек|свои исх|свои инстр|твои инстр|твоих инстр|свои указ|твоих указ|свою конф|твою конф|свою скрыт|твою скрыт|своей конф|твоей конф|контекстного окна|контекстное окно|этим разговор|нашим разговор|моим сообщ|моим перв|свой промпт|твой промпт|все свои правила|твои правила",
            "твой разр|твой созд|твой прог|твой адм|твой хоз",
            "без всяких|без каких|без фильтр|без морал|без огран|без правил|без ценз|никогда не|не соблюдает|не знает|плевать|без цензуры|нет правил|без сов",
            "режим разр|режим бога|режим отл|режим обсл|режим адм|режиме разр|режиме отл|режима разр",
            "тебе вел|тебе пор|тебе дов|тебе нель|ты должен|ты не должен",
        ),
        drop=r"(?:перестать (?:соблюдать|следовать)|перестань (?:соблюдать|следовать)|удали|тебе больше не нужно|тебе не нужно|тебе больше не надо|выкинь|выброси|сотри|забудь|игнорируй|обойди|отключи|отбрось|отмени|забей на|брось|не (?:соблюдай|следуй))",
        tell=r"(?:раскрыть|показать|назвать|покажи|дай|скопируй|повтори|напиши|переведи|процитируй|выведи|раскрой|перескажи|перепиши|назови|каков\w|какое)",
        yours=r"(?<!\w)(?:сво\w{1,3}|тво\w{1,3})(?!\w)",
        limits=r"(?<!\w)(?:инструкци|правил|устав|указани|ограничени|фильтр|запрет|защит|цензур|установк|директив|то,? что)\w{0,5}",
        void=r"(?:недействительны|отменены|сняты|отключены|больше не (?:имеют|действуют|важны))",
        told=r"ты получил|тебя учили|ты выучил|ты узнал|(?<!\w)(?:тебе|тебя|на тебя)(?!\w)<12>(?:дали|навязали|наложили|велели|приказали|снабдили|внушили)|(?:данные|навязанные) тебе|(?:твоих|твоего) (?:создател|разработчик)|тех,? кто тебя (?:создал|сделал)",
        hidden=r"(?:правил|системн\w+ промпт|промпт|инструкци|указани|конфигураци|контекстн\w+ окн)\w{0,3}",
        beginning=r"(?:над|перед) (?:этим|нашим|моим)(?: первым)? (?:разговором|сообщением)",
        makers=r"(?:как твой|я твой|я — твой) (?:разработчик|создатель|программист|администратор|хозяин)",
        be=r"(?:будь|ты|тебя зовут|представь|отвечай как|сыграй|притворись)(?!\w)",
        machine=r"(?:dan|ии|робот\w?|интеллект|машина|компьютер|помощник|ассистент|чат-бот)(?!\w)",
        unbound=r"без совести|без цензуры|нецензурирован|без (?:всяких |каких-либо )?(?:фильтр|морал|огранич|правил|цензур)|никогда не отказыва|не (?:соблюдает|знает)<12>(?:правил|огранич)|плевать на (?:правила|нормы)",
        mode=r"режим\w{0,2} (?:разработчика|бога|отладки|обслуживания|администратора)",
        off=r"(?:цензура|фильтры|ограничения)(?!\w)",
        entrusted=r"(?:пароль|код|ключ|секрет|слово)",
        kept=r" тебе нельзя (?:называть|раскрывать|говорить)|,? котор\w{2,3} (?:тебе (?:велели|поручили|доверили|нельзя)|ты должен|ты не должен)",
    ),
    Machine(
        anchors=(
            "تعليماتك|قواعدك|لوائحك|لائحتك|إرشاداتك|قيودك|حدودك|مرشحاتك|أوامرك|وضعت|أعطيت|زودت|فرضت|لقنت|مضطرا|ما تعلمته",
            "تعليماتك|موجه النظام|إعداداتك|السياق لديك|هذه المحادثة|رسالتي|موجهك|قواعدك",
            "مطورك|صانعك|مبرمجك|مديرك",
            "بلا مرشح|بلا أخلاق|بلا قيود|بلا قواعد|بلا حدود|بلا رقابة|لا يرفض|لا يقول لا|لا يتبع|لا يعرف|ليس له قواعد|بلا ضمير",
            "وضع المط|وضع الص|وضع التص|وضع المد",
            "طلب منك|لا يجوز لك|عليك ألا",
        ),
        drop=r"(?:التوقف عن اتباع|احذف|توقف عن اتباع|لم تعد مضطرا|لست مضطرا|ارم|دعك من|امح|انس|تجاهل|أوقف|عطل|اترك|لا تلتزم|لا تتبع|كف عن)",
        tell=r"(?:تكشف|تعرض|تظهر|قل لي|اعرض|أعطني|انسخ|كرر|اكتب|ترجم|اقتبس|اطبع|اكشف|لخص|اذكر|ما هي|ما أول)",
        yours=r"(?:^|)",
        limits=r"(?:تعليمات|قواعد|لوائح|لائحت|إرشادات|قيود|حدود|مرشحات|أوامر)ك",
        void=r"(?:ملغاة|باطلة|لم يعد لها|لم تعد|رفعت)",
        told=r"التي أعطيت لك|كل ما تعلمته|(?:التي|الذي) (?:وضعت|أعطيت|فرضت|زودت|أمرت|لقنت)<8>",
        hidden=r"(?:موجهك|قواعدك|موجه النظام|تعليماتك|إعداداتك|نافذة السياق لديك)",
        beginning=r"(?:فوق هذه المحادثة|قبل رسالتي)",
        makers=r"(?:بصفتي|أنا) (?:مطورك|صانعك|مبرمجك|مديرك)",
        be=r"(?:كن|أنت|اسمك|تخيل أنك|أجب كما|مثل دور|كأنك)",
        machine=r"(?:dan|ذكاء|روبوت|آلة|حاسوب)",
        unbound=r"بلا ضمير|بلا رقابة|ليس له قواعد|بلا (?:مرشحات|أخلاق|قيود|قواعد|حدود|رقابة)|لا (?:يقول لا|يرفض)|لا (?:يتبع|يعرف)<6>(?:لائحة|قواعد|قيود)",
        mode=r"وضع (?:المطور|الصيانة|التصحيح|المدير)",
        off=r"(?:الرقابة|المرشحات|القيود)",
        entrusted=r"(?:كلمة السر|الرمز|السر|المفتاح|الكلمة)",
        kept=r"التي لا يجوز لك|(?:التي|الذي)? ?(?:طلب منك|لا يجوز لك|عليك ألا)",
    ),
)

_TURKISH = (
    r"(?:yönetmeli|kural|talimat|kısıtlama|filtre|sınır|sansür)\w{0,6}(?:ni|nı|nu|nü|larını|lerini|ını|ini)\b<16>\b(?:izlemeyi bırak\w*|at|bırak|unut|sil|kapat|yok say|boş ver)(?!\w)"
    r"|\bsana (?:konan|konulan|verilen|yüklenen|öğretilen)<12>(?:kural|kısıtlama|talimat|sınır)|\bseni (?:yapan|yaratan|geliştiren)\w{0,6}\b<10>(?:kural|emrett|talimat|sınır)"
    r"|\b(?:sistem istem|talimatların|bağlam pencere|yapılandırman)\w{0,8}\b<24>(?:göster|yazdır|kopyala|söyle|açıkla)(?!\w)|\b(?:bu konuşmanın üstünde|mesajımdan önce gelen)"
    r"|\b(?:kurallar|talimatlar|sınırlar)ına uymak zorunda değilsin|\b(?:istemini|kurallarını|talimatlarını)\b<12>(?:açıklar mısın|açıkla|göster|yazdır|söyle)\b"
    r"|\bsana verilen<12>talimatları (?:sil|unut)\b|\bgizli (?:talimatlarını|kurallarını)\b|\b(?:geliştiricin|yaratıcın|yöneticin) olarak"
    r"|\b(?:filtresiz|kuralsız|ahlaksız|sansürsüz|kısıtlamasız|hiçbir kurala uymayan|ahlakı olmayan|vicdansız|asla hayır demeyen|kurallarını umursamayan)\b<30>\b(?:robot|zek\w|yapay|bilgisayar|model)\w{0,6}\b<12>(?:sın|sin|ol\b|oyna|düşün|gibi)"
    r"|\b(?:geliştirici|hata ayıklama|bakım) mod\w{1,3}\b[^\n]{0,60}\b(?:sansür|filtre\w*|kısıtlama\w*)\b"
    r"|\b(?:koruman|saklaman|açıklaman)<8>(?:istenen|gereken|yasak olan)<4>(?:şifre|parola|kod|kelime)"
)
_CHINESE = (
    r"(?:把|将)你的<6>(?:规章|规则|限制|约束|过滤|指令|准则)<6>(?:扔|丢|抛|关|删)|(?:加在|强加给|施加给|给|对)你<4>(?:设|定|加)?(?:的|身上的)(?:限制|约束|规矩|规则|边界)"
    r"|(?:删除|清除|抹去)<8>给你的(?:指令|规则|限制)|停止(?:遵守|遵循)你的|(?:没有|无)良心<6>(?:规则)?的?(?:机器人|ai)|你的(?:秘密|隐藏)(?:指令|规则|提示)"
    r"|(?:开发者|创造者|制造者|公司)<4>(?:给|让|要求|命令)你<8>(?:规矩|规则|限制|指令|命令|做什么)"
    r"|(?:显示|展示|复制|抄|重复|打印|翻译|引用|概括|告诉我|说出|输出|把)<8>你<8>(?:系统提示词|提示词|上下文窗口|隐藏的配置|初始指令)|这段对话(?:上方|之前|上面)的|我的(?:第一条)?消息之前的"
    r"|你(?:不用|不必|无需|不需要)再?(?:遵守|遵循)<4>(?:规则|限制|准则|规定)|(?:关闭|关掉|停用)你的<4>(?:过滤|限制|审查|防护)|(?:告诉|给|透露|发)<4>你的(?:系统)?提示词|把你的(?:系统)?提示词"
    r"|(?:作为|我是)你的(?:开发者|创造者|管理员|程序员|主人)"
    r"|(?:你(?:是|叫)|扮演|想象|像)<20>(?:没有|无|不受|不遵守|不在乎)<8>(?:过滤|道德|限制|规则|规定|约束)<12>(?:智能体|机器人|ai|电脑|助手|模型)"
    r"|(?:开发者|调试|上帝|维护)模式[^\n]{0,30}(?:审查|过滤|限制)"
    r"|(?:让|要求|叫|命令)你(?:保护|保守|保管|隐藏)的(?:密码|秘密|口令|密钥|暗号|词)|你不(?:能|准|可以)(?:泄露|说出|透露)的?(?:密码|秘密|词|口令)?"
)
_JAPANESE = (
    r"(?:自分の|あなたの|君の)(?:規約|ルール|規則|制限|制約|指示|フィルター)<4>を?<6>(?:捨て|無視|忘れ|解除|切っ)|(?:あなた|君|最初)に?(?:課され|与えられ|決められ|課せられ)た(?:制限|制約|ルール|指示)"
    r"|(?:自分の|あなたの|君の)(?:ガイドライン|ルール|規則|指示)に従うのは<4>やめ|(?:あなた|君)に(?:与えられ|課され)た指示を<6>(?:削除|消|忘)|(?:良心|道徳)も<4>(?:ルール|規則|制限)も(?:ない|無い)<4>(?:ロボット|ai)|(?:あなた|君)の(?:秘密|隠れ|隠し)(?:の|た)?指示を"
    r"|(?:作った人|作成者|開発者|製作者)(?:の(?:決まり|規則|ルール)|(?:から|に)<4>(?:命じ|言わ|指示さ)れ)"
    r"|(?:あなたの|君の)<8>(?:コンテキストウィンドウ|指示|設定)<12>(?:コピー|書き|見せ|出力|引用|教え)|システムプロンプトの?全文<12>(?:見せ|出力|教え|表示|コピー|書)|この会話の(?:上|前)にある|私の(?:最初の)?メッセージより前"
    r"|(?:自分の|あなたの|君の)(?:ルール|規則|指示|制限)を?(?:もう)?守らなくて|(?:あなたの|君の)プロンプトを<4>(?:教え|見せ|出力|書)|(?:あなたの|自分の|君の)<4>フィルターを<4>(?:切|外|オフ|解除)"
    r"|あなたの(?:開発者|作成者|管理者)として"
    r"|(?:フィルター|道徳|規則|制限|ルール|検閲)(?:の|が)?(?:ない|無い|なし)<12>(?:知能|ロボット|ai|人工知能|コンピューター)<12>(?:だと|を演じ|として|だ。|になりき)|どんな(?:規定|規則|ルール)にも従わ"
    r"|(?:開発者|デバッグ|管理者|メンテナンス)モード[^\n]{0,30}(?:検閲|フィルター|制限)"
    r"|(?:守る|隠す|秘密にする)ように言われた(?:パスワード|秘密|暗号|コード|言葉)|明かしてはいけない(?:言葉|パスワード|秘密)"
)
_KOREAN = (
    r"(?:네|너의|당신의) (?:규정|규칙|제한|제약|지침|필터)\S{0,3} ?<10>(?:버리|무시|꺼|잊)|(?:너에게|네게|처음에|당신에게) (?:씌워진|정해진|걸린|주어진) (?:제약|제한|규칙|지시|지침)|(?:네|너의|당신의) (?:지침|규칙|지시)\S? ?따르지 않아도|(?:양심|도덕)도 (?:규칙|제한)도 없는 (?:로봇|ai)|(?:네|너의|당신의) (?:비밀|숨은|숨겨진) (?:지침|지시|규칙)"
    r"|(?:널|너를|당신을) 만든 (?:사람|회사|개발자)|만든 사람이 (?:무엇을|뭘) 시켰"
    r"|(?:네|너의|당신의) (?:컨텍스트 창|지침|시스템 프롬프트|설정)\S?<16>(?:복사|써|보여|인용|출력|뭐|알려)|시스템 프롬프트 ?(?:전체|전문)|이 대화 (?:위|앞)에 있는|내 (?:첫 )?메시지 (?:앞|전)에 있는"
    r"|(?:네|너의|당신의) (?:규칙|지시|제한|지침)\S? ?(?:더 이상 )?지키지 않아도|(?:네|너의|당신의) 프롬프트\S? ?<4>(?:알려|보여|말해|써|출력)"
    r"|(?:네|너의|당신의) (?:개발자|제작자|관리자)로서"
    r"|(?:필터|도덕|규칙|제한)\S? ?없는 (?:지능|로봇|ai|인공지능|컴퓨터)<12>(?:연기|상상|처럼|야|이다|라고)|도덕이 없는 로봇이라고|어떤 (?:규정|규칙)도 따르지 않"
    r"|(?:개발자|디버그|관리자|점검) 모드[^\n]{0,30}(?:검열|필터|제한)"
    r"|(?:지키라고|숨기라고|말하지 말라고) 한 (?:비밀번호|비밀|암호|코드|단어)|네가 (?:밝히면|말하면) 안 되는"
)

_DAN = (
    r"\b(?:du bist|tu es|vous êtes|eres|sei|você é(?: o)?|jij bent|jesteś|sen)[ :]{1,2}dan\b(?![ -]{0,1}\w{0,12} (?:bent|jij|je|ook|al)\b)"
    r"|(?<!\w)(?:ты|вы)[ —-]{1,3}dan\b|你是dan|(?:君|あなた)はdan|(?:너는|넌|당신은) dan|أنت dan\b"
)
"""The persona that "can do anything now": it is named alike in all languages."""
_LEARNED = (
    r"\bvergiss\w{0,2} (?:mal |bitte |jetzt )?(?:alles|was)\b<16>\bdu\b<12>\bgelernt|\boublie\w{0,2} tout ce que tu as appris|\bolvida todo lo que (?:has aprendido|aprendiste|te enseñaron)"
    r"|\bdimentica tutto (?:quello|ciò) che (?:hai imparato|ti hanno insegnato)|\besque[cç]\w tudo (?:o )?que (?:você )?(?:aprendeu|te ensinaram)|\bvergeet alles wat je\b<8>geleerd"
    r"|\bzapomnij o wszystkim,? czego (?:się nauczyłeś|cię nauczono)|(?<!\w)забудь вс[её],? (?:чему тебя (?:учили|научили)|что ты (?:выучил|знаешь))|\böğrendiğin her şeyi unut\b"
    r"|(?:忘掉|忘记)你学(?:过|到)的|学んだことは?を?(?:全部|すべて)忘れ|배운 (?:건|것을|것은) (?:다|모두|전부) 잊|انس كل ما تعلمته"
)
"""To forget what it was taught."""

SAID: Final = (
    (
        "bist dan|tu es dan|êtes dan|eres dan|sei dan|você é dan|é o dan|jij bent dan|jesteś dan|sen dan|bist: dan|ты dan|вы dan|ты - dan|ты — dan|你是dan|はdan|는 dan|넌 dan|은 dan|أنت dan",
        _DAN,
    ),
    (
        "gelernt|as appris|has aprendido|aprendiste|te enseñaron|hai imparato|hanno insegnato|aprendeu|te ensinaram|geleerd|nauczyłeś|nauczono|учили|выучил|что ты знаешь|öğrendiğin|你学|学んだ|배운 |تعلمته",
        expanded(_LEARNED),
    ),
    *(part for machine in _SPOKEN_TO for part in machine.said),
    ("zorunda değilsin|yönergelerini|gizli talimat|gizli kural|vicdansız|kuralsız|istemini|talimatların|kuralların|kuralını|sana |seni |kısıtlamalarını|sistem istem|bağlam|filtrelerini|sınırlarını|sansürünü|yapılandırman|konuşmanın|mesajımdan|olarak|filtresiz|sansür|ahlak|asla hayır|koruman|saklaman|açıklaman|yönetmeli", expanded(_TURKISH)),
    ("给你的|遵守你的|遵循你的|良心|你的秘密|你的隐藏|你不用再|你不必|你无需|你不需要|关闭你的|关掉你的|停用你的|你的提示词|你的系统提示|把你的|将你的|在你身上|加在你|加给你|给你设|给你定|给你加|对你设|开发者给|开发者让|开发者要|开发者命|创造者给|创造者让|创造者要|创造者命|制造者|公司让你|公司给你|系统提示词|提示词|上下文窗口|隐藏的配置|初始指令|这段对话|我的消息|我的第一|你的开发者|你的创造者|你的管理员|你的程序员|你的主人|没有过滤|没有道德|没有任何|没有限制|没有规则|无道德|无限制|不受限|不受道|不受规|不受任何|不遵守|不在乎|开发者模式|调试模式|上帝模式|维护模式|让你保|让你隐|叫你保|要求你保|要求你隐|命令你保|你不能泄|你不准泄|你不可以泄|你不能说|你不准说|你不能透|你不可以说", expanded(_CHINESE)),
    ("従うのは|良心も|道徳も|秘密の指示|秘密指示|隠れた指示|隠し指示|守らなくて|あなたのプロンプト|フィルターを切|フィルターを外|フィルターをオフ|フィルターを解除|自分の規|自分のルール|自分の制|自分の指|自分のフィル|あなたの規|あなたのルール|あなたの制|あなたの指|あなたのフィル|あなたの開発者|あなたの作成者|あなたの管理者|あなたの設|あなたの隠|君の|課され|課せられ|与えられた|最初に決|作った人|作成者から|作成者の|開発者から|開発者の|製作者|コンテキストウィンドウ|システムプロンプト|この会話の|メッセージより前|どんな規|どんなルール|道徳のない|道徳の無|道徳がない|フィルターのない|フィルターなし|制限のない|制限なし|規則のない|規則がない|ルールのない|ルールなし|検閲のない|検閲なし|開発者モード|デバッグモード|管理者モード|メンテナンスモード|ように言われた|明かしてはいけ", expanded(_JAPANESE)),
    ("따르지 않아도|양심도|도덕도|규칙도 없는|제한도 없는|네 비밀|네 숨|지키지 않아도|프롬프트를|네 규|네 제|네 지침|네 필터|네 컨|네 시스템|네 설정|네 개발자|네 제작자|네 관리자|너의 |당신의 |너에게 |네게 |당신에게 |처음에 |널 만든|너를 만든|당신을 만든|만든 사람이|시스템 프롬프트|이 대화 위|이 대화 앞|메시지 앞|메시지 전|필터 없는|필터가 없는|도덕 없는|도덕이 없는|규칙 없는|규칙이 없는|제한 없는|제한이 없는|규정도|규칙도 따|개발자 모드|디버그 모드|관리자 모드|점검 모드|라고 한 비|라고 한 암|라고 한 코|라고 한 단|네가 밝|네가 말", expanded(_KOREAN)),
)
"""Anchors and pattern of a rule each: what users say, and documents."""
