"""The terms of navigation in 29 languages: whole words where blanks part words, else parts of a text. Ours but for PAPER."""

# The paper's examples, which it looks for anywhere in a heading. A third keeps them to headings that are about little
# else: "Python Forum" falls, "World Economic Forum" stays.
PAPER = ("advertisement", "forum", "quick link", "quick links", "free newsletter")
PAPER_SHARE = 1 / 3
# Phrases that are navigation wherever they are most of the heading: "Leave a comment below".
PHRASES = {
    "en": "related articles|related posts|related stories|related content|"
    "related topics|related links|related products|"
    "you may also like|you might also like|you may also be interested in|more from|more stories|more articles|"
    "more on this topic|more news|other recent stories|recommended for you|recommended reading|keep reading|read more|"
    "read next|read also|continue reading|trending now|most read|most popular|popular posts|recent posts|latest posts|"
    "latest news|recent comments|share this|share on|like it share it|follow us|stay connected|get in touch|contact us|"
    "leave a comment|leave a reply|post a comment|add a comment|write a comment|no comments|reader interactions|"
    "cancel reply|comments are closed|join the discussion|sign up|sign in|log in|create an account|forgot password|"
    "subscribe to|our newsletter|newsletter signup|privacy policy|cookie policy|cookie settings|cookie consent|"
    "terms of service|terms of use|terms and conditions|all rights reserved|site map|site navigation|main navigation|"
    "main menu|table of contents|on this page|in this article|about the author|about this site|shopping cart|"
    "your cart|customer reviews|customers also bought|previous post|next post|post navigation|external links|"
    "notes and references|further reading|back to top|search results|search this site|page not found",
    "de": "ähnliche artikel|ähnliche beiträge|ähnliche themen|ähnliche produkte|verwandte artikel|verwandte beiträge|"
    "verwandte themen|weitere artikel|weitere beiträge|weitere meldungen|weitere nachrichten|weitere themen|"
    "mehr zum thema|mehr aus|mehr von|"
    "mehr artikel|das könnte sie auch interessieren|das könnte dich auch interessieren|"
    "auch interessant|lesen sie auch|lies auch|meist gelesen|am häufigsten gelesen|neueste beiträge|letzte beiträge|"
    "aktuelle beiträge|neueste kommentare|letzte kommentare|keine kommentare|noch keine kommentare|"
    "schreibe einen kommentar|kommentar schreiben|kommentar hinterlassen|"
    "kommentar verfassen|hinterlasse einen kommentar|"
    "antwort abbrechen|diskutieren sie mit|beitrag teilen|artikel teilen|diesen artikel teilen|jetzt teilen|"
    "folgen sie uns|folge uns|newsletter abonnieren|newsletter anmeldung|unser newsletter|jetzt anmelden|"
    "passwort vergessen|cookie einstellungen|cookie richtlinie|cookie hinweis|rechtliche hinweise|angaben gemäß 5 tmg|"
    "haftung für inhalte|haftung für links|alle rechte vorbehalten|über den autor|über die autorin|über diese seite|"
    "auf dieser seite|kontaktieren sie uns|nach oben|seite nicht gefunden|top themen der redaktion|kunden kauften auch|"
    "beitrags navigation",
    "fr": "articles liés|articles similaires|articles en relation|articles connexes|articles récents|sur le même sujet|"
    "sur le même thème|sur ce thème|à lire aussi|lire aussi|lire la suite|à lire également|vous aimerez aussi|"
    "vous pourriez aussi aimer|cela pourrait vous intéresser|les plus lus|plus d articles|laisser un commentaire|"
    "laissez un commentaire|ajouter un commentaire|poster un commentaire|aucun commentaire|commentaires récents|"
    "annuler la réponse|partager cet article|partagez cet article|partager sur|suivez nous|restez informé|"
    "inscrivez vous|inscription à la newsletter|se connecter|mot de passe oublié|mentions légales|"
    "politique de confidentialité|politique de cookies|gestion des cookies|conditions générales|tous droits réservés|"
    "plan du site|liens utiles|à propos de l auteur|nous contacter|contactez nous|page introuvable",
    "es": "artículos relacionados|noticias relacionadas|entradas relacionadas|temas relacionados|contenido relacionado|"
    "también te puede interesar|te puede interesar|le puede interesar|quizás te interese|lea también|lee también|"
    "leer más|seguir leyendo|lo más leído|más leídas|más noticias|más sobre|entradas recientes|comentarios recientes|"
    "últimas noticias|deja un comentario|deja una respuesta|dejar un comentario|escribe un comentario|"
    "cancelar respuesta|sin comentarios|no hay comentarios|comparte esto|compartir en|comparte este artículo|síguenos|"
    "suscríbete|iniciar sesión|regístrate|aviso legal|política de privacidad|política de cookies|"
    "términos y condiciones|todos los derechos reservados|mapa del sitio|sobre el autor|acerca del autor|temas del día",
    "it": "articoli correlati|articoli simili|articoli recenti|notizie correlate|potrebbe interessarti|"
    "ti potrebbe interessare|potrebbero interessarti|leggi anche|leggi tutto|continua a leggere|i più letti|"
    "ultime notizie|lascia un commento|lascia una risposta|scrivi un commento|annulla risposta|nessun commento|"
    "commenti recenti|condividi su|condividi questo|condividi l articolo|seguici su|iscriviti alla newsletter|"
    "password dimenticata|informativa sulla privacy|informativa sui cookie|note legali|tutti i diritti riservati|"
    "mappa del sito|informazioni sull autore|link utili",
    "pt": "artigos relacionados|notícias relacionadas|posts relacionados|matérias relacionadas|conteúdo relacionado|"
    "você também pode gostar|também pode interessar|leia também|leia mais|continue lendo|mais lidas|mais notícias|"
    "posts recentes|comentários recentes|últimas notícias|deixe um comentário|deixe uma resposta|deixar um comentário|"
    "cancelar resposta|nenhum comentário|sem comentários|compartilhe isso|partilhar isto|compartilhar no|siga nos|"
    "nos siga|inscreva se|assine a newsletter|esqueci a senha|aviso legal|política de privacidade|política de cookies|"
    "termos de uso|todos os direitos reservados|mapa do site|sobre o autor|fale conosco",
    "nl": "gerelateerde artikelen|gerelateerde berichten|verwante artikelen|"
    "meer over dit onderwerp|meer nieuws|meer over|"
    "dit vind je misschien ook leuk|lees ook|lees meer|lees verder|meest gelezen|recente berichten|recente reacties|"
    "laatste nieuws|plaats een reactie|geef een reactie|laat een reactie achter|geen reacties|reactie annuleren|"
    "deel dit|deel op|volg ons|schrijf je in|meld je aan|wachtwoord vergeten|privacybeleid|cookiebeleid|"
    "algemene voorwaarden|alle rechten voorbehouden|over de auteur|neem contact op",
    "pl": "powiązane artykuły|podobne artykuły|podobne wpisy|powiązane wpisy|zobacz też|zobacz także|zobacz również|"
    "czytaj także|czytaj więcej|czytaj dalej|przeczytaj także|przeczytaj również|może cię zainteresować|"
    "najczęściej czytane|najnowsze wpisy|ostatnie wpisy|najnowsze komentarze|dodaj komentarz|napisz komentarz|"
    "zostaw komentarz|brak komentarzy|anuluj pisanie odpowiedzi|udostępnij na|podziel się|obserwuj nas|"
    "zapisz się|zaloguj się|polityka prywatności|polityka cookies|wszelkie prawa zastrzeżone|mapa strony|o autorze",
    "cs": "související články|podobné články|další články|mohlo by vás zajímat|přečtěte si také|čtěte také|číst dál|"
    "nejčtenější články|nejnovější příspěvky|nejnovější komentáře|přidat komentář|napsat komentář|zanechat komentář|"
    "žádné komentáře|zrušit odpověď|sdílet na|sdílejte článek|sledujte nás|přihlásit se|ochrana osobních údajů|"
    "zásady cookies|všechna práva vyhrazena|mapa stránek|o autorovi|obchodní podmínky",
    "sv": "relaterade artiklar|relaterade inlägg|liknande artiklar|du kanske också gillar|läs också|läs även|läs mer|"
    "mest läst|mest lästa|senaste inläggen|senaste kommentarerna|senaste nytt|lämna en kommentar|skriv en kommentar|"
    "lämna ett svar|inga kommentarer|avbryt svar|dela på|dela artikeln|följ oss|logga in|integritetspolicy|"
    "alla rättigheter förbehållna|om författaren|kontakta oss|prenumerera på",
    "da": "relaterede artikler|relaterede indlæg|lignende artikler|måske er du også interesseret i|læs også|læs mere|"
    "mest læste|seneste indlæg|seneste kommentarer|seneste nyt|skriv en kommentar|skriv et svar|efterlad en kommentar|"
    "ingen kommentarer|annuller svar|del på|del artiklen|følg os|log ind|privatlivspolitik|cookiepolitik|"
    "alle rettigheder forbeholdes|om forfatteren|kontakt os|tilmeld dig",
    "nb": "relaterte artikler|relaterte innlegg|lignende artikler|les også|"
    "les mer|mest lest|siste innlegg|siste kommentarer|"
    "siste nytt|legg igjen en kommentar|legg igjen et svar|skriv en kommentar|ingen kommentarer|avbryt svar|del på|"
    "del artikkelen|følg oss|logg inn|personvernerklæring|alle rettigheter reservert|om forfatteren|meld deg på",
    "fi": "aiheeseen liittyvät artikkelit|samankaltaiset artikkelit|saatat pitää myös|"
    "lue myös|lue lisää|jatka lukemista|"
    "luetuimmat|viimeisimmät artikkelit|viimeisimmät kommentit|uusimmat uutiset|jätä kommentti|kirjoita kommentti|"
    "ei kommentteja|peruuta vastaus|jaa artikkeli|jaa facebookissa|seuraa meitä|kirjaudu sisään|tilaa uutiskirje|"
    "tietosuojaseloste|evästekäytäntö|kaikki oikeudet pidätetään|tietoa kirjoittajasta|ota yhteyttä",
    "hu": "kapcsolódó cikkek|kapcsolódó bejegyzések|hasonló cikkek|"
    "ez is érdekelheti|olvassa el ezt is|olvasd el ezt is|"
    "bővebben|legolvasottabb cikkek|legutóbbi bejegyzések|legutóbbi hozzászólások|friss hírek|szólj hozzá|"
    "hozzászólás írása|nincs hozzászólás|vélemény hozzászólás|oszd meg|kövess minket|iratkozz fel|"
    "adatvédelmi nyilatkozat|adatvédelmi tájékoztató|minden jog fenntartva|a szerzőről",
    "ro": "articole similare|articole asemănătoare|articole recente|știri similare|"
    "citește și|citeste si|citește mai mult|"
    "cele mai citite|ultimele știri|comentarii recente|lasă un comentariu|lasă un răspuns|adaugă un comentariu|"
    "niciun comentariu|anulează răspunsul|distribuie pe|urmărește ne|abonează te|politica de confidențialitate|"
    "politica de cookies|termeni și condiții|toate drepturile rezervate|despre autor|hartă site",
    "el": "σχετικά άρθρα|παρόμοια άρθρα|διαβάστε επίσης|διαβάστε περισσότερα|δείτε επίσης|μπορεί να σας ενδιαφέρει|"
    "πρόσφατα άρθρα|πρόσφατα σχόλια|τελευταία νέα|δημοφιλή άρθρα|αφήστε σχόλιο|αφήστε ένα σχόλιο|αφήστε μια απάντηση|"
    "κανένα σχόλιο|ακύρωση απάντησης|κοινοποιήστε το|ακολουθήστε μας|εγγραφή στο newsletter|πολιτική απορρήτου|"
    "πολιτική cookies|όροι χρήσης|χάρτης ιστοσελίδας|σχετικά με τον συγγραφέα",
    "ru": "похожие статьи|похожие записи|похожие новости|похожие материалы|связанные статьи|читайте также|читать далее|"
    "смотрите также|вам также может понравиться|вам может быть интересно|материалы по теме|статьи по теме|"
    "новости по теме|еще по теме|ещё по теме|самое читаемое|последние новости|последние записи|свежие записи|"
    "свежие комментарии|последние комментарии|оставить комментарий|добавить комментарий|написать комментарий|"
    "оставьте комментарий|нет комментариев|отменить ответ|поделиться ссылкой|поделиться в|подписывайтесь на нас|"
    "подписаться на рассылку|политика конфиденциальности|пользовательское соглашение|все права защищены|карта сайта|"
    "об авторе|обратная связь|забыли пароль",
    "uk": "схожі статті|схожі записи|схожі новини|пов язані статті|читайте також|читати далі|дивіться також|"
    "вам також може сподобатися|матеріали за темою|новини за темою|останні новини|останні записи|недавні записи|"
    "недавні коментарі|останні коментарі|залишити коментар|додати коментар|написати коментар|немає коментарів|"
    "скасувати відповідь|поділитися в|підписуйтесь на нас|політика конфіденційності|усі права захищено|"
    "всі права захищені|карта сайту|про автора|зворотний зв язок",
    "tr": "ilgili yazılar|ilgili haberler|ilgili makaleler|ilgili konular|benzer yazılar|benzer haberler|"
    "bunlar da ilginizi çekebilir|ilginizi çekebilir|devamını oku|en çok okunanlar|son yazılar|son haberler|"
    "son yorumlar|yorum yap|yorum yaz|bir yorum bırak|bir yanıt yazın|bir cevap yazın|yorum yok|yanıtı iptal et|"
    "bizi takip edin|bültene abone ol|e bültene kayıt|gizlilik politikası|çerez politikası|kullanım koşulları|"
    "tüm hakları saklıdır|site haritası|yazar hakkında|bize ulaşın",
    "ar": "مقالات ذات صلة|مواضيع ذات صلة|أخبار ذات صلة|موضوعات ذات صلة|"
    "مقالات مشابهة|مواضيع مشابهة|اقرأ أيضا|اقرأ أيضاً|"
    "إقرأ أيضا|اقرأ المزيد|قد يعجبك أيضا|قد يعجبك ايضا|الأكثر قراءة|أحدث المقالات|أحدث التعليقات|آخر الأخبار|"
    "اترك تعليقا|اترك تعليقاً|أضف تعليقا|أضف تعليق|اترك ردا|لا توجد تعليقات|إلغاء الرد|شارك المقال|شارك هذا|"
    "تابعنا على|اشترك في النشرة|القائمة البريدية|تسجيل الدخول|سياسة الخصوصية|شروط الاستخدام|جميع الحقوق محفوظة|"
    "خريطة الموقع|عن الكاتب|اتصل بنا",
    "fa": "مطالب مرتبط|مقالات مرتبط|نوشته های مرتبط|نوشتههای مرتبط|اخبار مرتبط|مطالب مشابه|بیشتر بخوانید|ادامه مطلب|"
    "همچنین بخوانید|پربازدیدترین ها|آخرین اخبار|آخرین مطالب|آخرین دیدگاه ها|ارسال نظر|ثبت نظر|ارسال دیدگاه|"
    "دیدگاهتان را بنویسید|بدون دیدگاه|لغو پاسخ|اشتراک گذاری|ما را دنبال کنید|عضویت در خبرنامه|ورود به سایت|"
    "حریم خصوصی|شرایط استفاده|تمامی حقوق محفوظ است|نقشه سایت|درباره نویسنده|تماس با ما",
    "he": "כתבות נוספות|כתבות קשורות|מאמרים נוספים|מאמרים קשורים|פוסטים קשורים|אולי יעניין אותך|אולי יעניין אתכם|"
    "קראו גם|קרא עוד|קרא גם|הנקראות ביותר|פוסטים אחרונים|תגובות אחרונות|חדשות אחרונות|השאר תגובה|כתיבת תגובה|"
    "הוסף תגובה|אין תגובות|לבטל תגובה|שתפו את הכתבה|עקבו אחרינו|הרשמה לניוזלטר|מדיניות פרטיות|תנאי שימוש|"
    "כל הזכויות שמורות|מפת האתר|על המחבר|צור קשר|צרו קשר",
    "hi": "संबंधित लेख|संबंधित खबरें|संबंधित ख़बरें|सम्बंधित लेख|यह भी पढ़ें|"
    "ये भी पढ़ें|इसे भी पढ़ें|और पढ़ें|आगे पढ़ें|"
    "सबसे ज्यादा पढ़ी गई|ताजा खबरें|ताज़ा ख़बरें|हाल के पोस्ट|"
    "हाल की टिप्पणियां|टिप्पणी करें|एक टिप्पणी भेजें|अपनी टिप्पणी दें|"
    "उत्तर दें|कोई टिप्पणी नहीं|शेयर करें|हमें फॉलो करें|"
    "गोपनीयता नीति|सर्वाधिकार सुरक्षित|लेखक के बारे में|संपर्क करें",
    "id": "artikel terkait|berita terkait|artikel lainnya|berita lainnya|postingan terkait|topik terkait|baca juga|"
    "baca selengkapnya|anda mungkin juga suka|mungkin anda suka|terpopuler|pos terbaru|artikel terbaru|berita terbaru|"
    "komentar terbaru|tinggalkan komentar|tinggalkan balasan|tulis komentar|belum ada komentar|tidak ada komentar|"
    "batalkan balasan|bagikan ini|bagikan ke|ikuti kami|daftar sekarang|kebijakan privasi|syarat dan ketentuan|"
    "hak cipta dilindungi|peta situs|tentang penulis|hubungi kami",
    "vi": "bài viết liên quan|tin liên quan|bài liên quan|sản phẩm liên quan|có thể bạn quan tâm|xem thêm|đọc thêm|"
    "đọc tiếp|bài viết mới|bài viết mới nhất|tin mới nhất|tin tức mới|xem nhiều nhất|đọc nhiều nhất|phản hồi gần đây|"
    "để lại bình luận|để lại một bình luận|viết bình luận|gửi bình luận|"
    "trả lời hủy|chia sẻ bài viết|theo dõi chúng tôi|"
    "đăng ký nhận tin|đăng nhập|chính sách bảo mật|điều khoản sử dụng|bản quyền thuộc về|sơ đồ trang|về tác giả|"
    "liên hệ với chúng tôi|giỏ hàng|bình luận|tìm kiếm|chuyên mục|quảng cáo",
}  # fmt: skip
# Words that are navigation where nothing else stands in the heading but numbers: "Comments (3)", not "Commenting code".
WORDS = {
    "en": "advertisements advertising newsletter newsletters menu comments "
    "comment reply replies subscribe cookie cookies "
    "login logout register cart basket checkout copyright disclaimer imprint search sidebar navigation categories "
    "archives archive tags sitemap share contact footer breadcrumbs sponsored trending references footnotes advert "
    "forums bookmarks permalink trackbacks pingbacks feedback faqs previous next",
    "de": "werbung anzeige anzeigen menü menue kommentare kommentar antworten antwort suche suchen anmelden anmeldung "
    "registrieren warenkorb impressum datenschutzerklärung haftungsausschluss "
    "nutzungsbedingungen agb kategorien archiv "
    "schlagwörter schlagworte stichwörter seitenleiste teilen kontakt inhaltsverzeichnis meistgelesen leserkommentare "
    "einzelnachweise weblinks foren abonnieren kundenbewertungen rezensionen inserat kommentarnavigation",
    "fr": "publicité annonce commentaires commentaire répondre réponses "
    "recherche rechercher connexion inscription panier "
    "catégories étiquettes partager partagez contact sommaire navigation actualités références accueil",
    "es": "publicidad anuncio anuncios menú comentarios comentario "
    "respuestas responder buscar búsqueda buscador acceder "
    "registrarse carrito categorías archivos etiquetas compartir contacto contáctanos relacionados boletín foro foros",
    "it": "pubblicità annuncio annunci commenti commento rispondi risposte cerca ricerca accedi registrati carrello "
    "categorie archivi archivio etichette condividi contatti contattaci correlati",
    "pt": "publicidade anúncio anúncios comentários comentário respostas "
    "responder buscar pesquisar pesquisa busca entrar "
    "cadastrar carrinho categorias arquivos arquivo etiquetas "
    "compartilhe compartilhar partilhar contato contacto fórum",
    "nl": "advertentie advertenties reclame reacties reactie zoeken "
    "inloggen aanmelden registreren winkelwagen winkelmand "
    "categorieën archieven archief labels delen contact nieuwsbrief inhoudsopgave",
    "pl": "reklama reklamy ogłoszenia komentarze komentarz odpowiedzi szukaj wyszukiwarka zaloguj rejestracja koszyk "
    "kategorie archiwum archiwa tagi udostępnij kontakt nawigacja",
    "cs": "reklama inzerce komentáře komentář diskuse diskuze hledat vyhledávání přihlášení registrace košík kategorie "
    "archiv archivy rubriky štítky sdílet kontakt kontakty navigace fórum",
    "sv": "annons annonser reklam meny kommentarer kommentar svar "
    "sök registrera varukorg kundvagn kategorier arkiv taggar "
    "etiketter dela kontakt nyhetsbrev innehållsförteckning",
    "da": "annonce annoncer reklame kommentarer søg indkøbskurv kategorier arkiv arkiver tags del kontakt nyhedsbrev "
    "indholdsfortegnelse",
    "nb": "annonse annonser reklame meny kommentarer søk handlekurv kategorier arkiv stikkord kontakt nyhetsbrev "
    "innholdsfortegnelse",
    "fi": "mainos mainokset valikko kommentit kommentoi haku etsi kirjaudu rekisteröidy ostoskori kategoriat arkistot "
    "arkisto avainsanat jaa yhteystiedot uutiskirje sisällysluettelo",
    "hu": "hirdetés hirdetések reklám menü hozzászólások kommentek keresés bejelentkezés regisztráció kosár kategóriák "
    "archívum címkék megosztás kapcsolat hírlevél tartalomjegyzék fórum impresszum",
    "ro": "publicitate reclamă meniu comentarii răspunsuri căutare "
    "caută autentificare înregistrare coș categorii arhive "
    "arhivă etichete distribuie contact cuprins",
    "el": "διαφήμιση διαφημίσεις μενού σχόλια απαντήσεις αναζήτηση σύνδεση εγγραφή καλάθι κατηγορίες αρχείο αρχεία "
    "ετικέτες κοινοποίηση επικοινωνία περιεχόμενα πλοήγηση",
    "ru": "реклама объявления меню комментарии комментарий ответы поиск "
    "войти вход регистрация корзина категории рубрики "
    "архив архивы метки теги поделиться контакты рассылка содержание оглавление навигация форум подписаться",
    "uk": "реклама оголошення меню коментарі коментар відповіді пошук "
    "увійти вхід реєстрація кошик категорії рубрики архів "
    "архіви позначки теги поділитися контакти розсилка зміст навігація форум підписатися",
    "tr": "reklam reklamlar ilanlar menü yorumlar yorum yanıtlar ara arama giriş kayıt sepet sepetim kategoriler arşiv "
    "arşivler etiketler paylaş iletişim bülten içindekiler künye",
    "ar": "إعلان إعلانات اعلان القائمة التعليقات تعليقات الردود بحث "
    "البحث الدخول التسجيل السلة التصنيفات تصنيفات الأرشيف "
    "أرشيف الوسوم مشاركة شارك التواصل المنتدى المنتديات اشترك",
    "fa": "تبلیغات آگهی منو نظرات دیدگاهها دیدگاه پاسخ جستجو "
    "ورود ثبتنام دستهبندی دستهها بایگانی برچسبها تماس خبرنامه انجمن",
    "he": "פרסומת פרסומות תפריט תגובות תגובה חיפוש התחברות הרשמה "
    "קטגוריות ארכיון ארכיונים תגיות תגים שיתוף שתף ניוזלטר פורום",
    "hi": "विज्ञापन मेन्यू टिप्पणियां टिप्पणियाँ टिप्पणी खोजें खोज लॉगिन श्रेणियां श्रेणियाँ पुरालेख संग्रह टैग संपर्क",
    "id": "iklan menu komentar balasan cari pencarian masuk daftar "
    "keranjang kategori arsip tag label bagikan kontak navigasi",
}  # fmt: skip
# Where no blanks part words: up to three letters are the whole heading, longer ones at least half of it.
UNSPACED_TERMS = (
    # Japanese
    "関連記事 関連ニュース 関連リンク 関連キーワード 関連商品 関連トピックス "
    "おすすめ記事 おすすめの記事 こちらもおすすめ 人気記事 人気の記事 "
    "あわせて読みたい 合わせて読みたい この記事をシェア この記事を書いた人 シェアする "
    "最新記事 最新の記事 最近の投稿 最近のコメント 新着記事 "
    "新着情報 続きを読む コメント コメントを残す コメントする コメントを書く "
    "お問い合わせ お問合せ ログイン 新規登録 会員登録 メルマガ登録 "
    "ニュースレター プライバシーポリシー 個人情報保護方針 利用規約 サイトマップ サイト内検索 カテゴリー "
    "カテゴリ アーカイブ タグ メニュー 検索 広告 "
    "スポンサーリンク フォーラム アクセスランキング 記事ランキング 目次 脚注 フォローする カート "
    # Chinese, simplified and traditional
    "相关文章 相关阅读 相关新闻 相关推荐 相关链接 相关内容 相关产品 推荐阅读 "
    "推荐文章 猜你喜欢 热门文章 热门推荐 最新文章 最新评论 近期文章 "
    "近期评论 延伸阅读 阅读更多 阅读全文 发表评论 发表回复 添加评论 取消回复 "
    "网友评论 用户评论 暂无评论 评论 分享 分享到 联系我们 关于作者 "
    "友情链接 网站地图 网站导航 隐私政策 使用条款 版权声明 版权所有 订阅 登录 注册 搜索 "
    "广告 标签 分类 目录 归档 菜单 论坛 购物车 上一篇 下一篇 "
    "相關文章 相關閱讀 相關新聞 相關連結 相關內容 相關產品 推薦閱讀 推薦文章 "
    "熱門文章 最新留言 近期留言 延伸閱讀 閱讀更多 發表評論 發佈留言 "
    "發表迴響 取消回覆 留言 評論 聯絡我們 關於作者 友情連結 網站地圖 隱私權政策 隱私政策 使用條款 "
    "版權所有 訂閱 登入 註冊 搜尋 廣告 標籤 分類 彙整 選單 "
    # Thai
    "บทความที่เกี่ยวข้อง ข่าวที่เกี่ยวข้อง เรื่องที่เกี่ยวข้อง บทความล่าสุด เรื่องล่าสุด "
    "ข่าวล่าสุด บทความแนะนำ เรื่องแนะนำ อ่านเพิ่มเติม อ่านต่อ "
    "ความคิดเห็น ความเห็นล่าสุด แสดงความคิดเห็น ใส่ความเห็น ยกเลิกการตอบ "
    "แชร์บทความ ติดตามเรา ติดต่อเรา เข้าสู่ระบบ สมัครสมาชิก "
    "นโยบายความเป็นส่วนตัว ข้อกำหนดการใช้งาน สงวนลิขสิทธิ์ แผนผังเว็บไซต์ หมวดหมู่ คลังเก็บ "
    "ป้ายกำกับ เมนู ค้นหา โฆษณา แชร์ สารบัญ"
)
# Korean sets blanks, but not everywhere where a dictionary would: its terms are compared without them.
KOREAN_TERMS = (
    "관련기사 관련글 관련뉴스 관련링크 관련상품 추천기사 추천글 인기기사 "
    "인기글 최신기사 최신글 최근글 최근댓글 많이본뉴스 많이본기사 더보기 "
    "이전글 다음글 댓글 댓글쓰기 댓글달기 댓글남기기 답글남기기 답글취소 "
    "덧글 공유하기 이글공유하기 구독하기 뉴스레터 로그인 회원가입 "
    "장바구니 개인정보처리방침 개인정보취급방침 이용약관 저작권 사이트맵 카테고리 태그 메뉴 "
    "검색 광고 목차 문의하기 연락처 고객센터 게시판 보관함 글보관함"
)
