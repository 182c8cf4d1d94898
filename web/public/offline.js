/** The words of the page that is shown offline, which can load no others. */
const WORDS = {
  en: [
    "You are offline",
    "Your conversations are on the server and are safe. This page goes on by itself as soon as the server can be reached.",
    "Try now",
  ],
  de: [
    "Du bist offline",
    "Deine Gespräche liegen sicher auf dem Server. Diese Seite macht von selbst weiter, sobald der Server erreichbar ist.",
    "Jetzt versuchen",
  ],
  fr: [
    "Vous êtes hors ligne",
    "Vos conversations sont en sécurité sur le serveur. Cette page reprendra d’elle-même dès que le serveur sera joignable.",
    "Réessayer maintenant",
  ],
  es: [
    "Sin conexión",
    "Tus conversaciones están a salvo en el servidor. Esta página seguirá por sí sola en cuanto se pueda acceder al servidor.",
    "Probar ahora",
  ],
  ja: [
    "オフラインです",
    "会話はサーバーに安全に保存されています。サーバーにつながり次第、このページは自動的に再開します。",
    "今すぐ試す",
  ],
  ar: [
    "أنت غير متصل بالإنترنت",
    "محادثاتك محفوظة بأمان على الخادم. ستتابع هذه الصفحة من تلقاء نفسها حالما يمكن الوصول إلى الخادم.",
    "حاول الآن",
  ],
};
const FIRST_PAUSE_MS = 1000;
const MAX_PAUSE_MS = 15_000;

const wanted = [localStorage.getItem("colloquy.language"), ...navigator.languages];
const language = wanted
  .map((locale) => locale?.split("-")[0] ?? "")
  .find((known) => Object.hasOwn(WORDS, known));
if (language) {
  document.documentElement.lang = language;
  document.documentElement.dir = language === "ar" ? "rtl" : "ltr";
  for (const [index, id] of ["title", "text", "again"].entries())
    document.getElementById(id).textContent = WORDS[language][index];
}

const goOn = () => location.reload();

/** The server is asked now and then, because a browser knows only whether it has any network. */
async function ask(pauseMs) {
  const answer = await fetch(location.href, { method: "HEAD", cache: "no-store" }).catch(
    () => null,
  );
  if (answer?.ok) return goOn();
  setTimeout(ask, pauseMs, Math.min(2 * pauseMs, MAX_PAUSE_MS));
}

document.getElementById("again").addEventListener("click", goOn);
addEventListener("online", goOn);
setTimeout(ask, FIRST_PAUSE_MS, FIRST_PAUSE_MS);
