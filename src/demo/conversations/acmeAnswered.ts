import { acmeBot, ada, ben, cleo, dana, eli } from '../cast.js';
import { pause, type Script } from '../screenplay.js';

/** The AI agent was enough. */
export const acmeAnswered: readonly Script[] = [
  {
    day: 0,
    at: '08:40',
    subject: 'Delivery to Switzerland',
    steps: [
      dana.says('Good morning! Do you deliver to Zürich, and what does it cost?'),
      acmeBot.says(
        'Yes. Shipping to Switzerland costs 9.90 and takes 4 to 7 working days. We deliver duty paid, so nothing more is due at the door.',
      ),
      dana.says('And if I need the lamp this week?'),
      acmeBot.says(
        'Express delivery is possible only within Germany, I am afraid. To Zürich it takes 4 to 7 working days.',
      ),
      dana.says('Alright, then I order today. Thank you.'),
      dana.finalizes(),
    ],
  },
  {
    day: 1,
    at: '10:05',
    subject: 'Plazo de entrega',
    steps: [
      eli.says('Hola, ¿cuánto tarda un envío a Barcelona?'),
      acmeBot.says('Un envío a España cuesta 9,90 y tarda de 4 a 7 días laborables.'),
      eli.says('¿Y si el pedido es grande, unas doce lámparas?'),
      acmeBot.says(
        'A partir de 10 unidades del mismo modelo el precio baja un 8 %. Los pedidos grandes pueden entregarse por partes; el plazo es el mismo.',
      ),
      ben.files({ tags: ['shipping', 'spain'] }),
      ben.resolves(),
    ],
  },
  {
    day: 1,
    at: '14:30',
    subject: 'Rechnung mit Firmenadresse',
    channel: 'EMAIL',
    steps: [
      dana.says(
        'Guten Tag,\n\nich brauche für die Bestellung A-20418 eine Rechnung mit Firmenadresse und USt-IdNr. Wo finde ich sie?\n\nFreundliche Grüsse\nDana Keller',
      ),
      acmeBot.says(
        'Guten Tag! Alle Rechnungen liegen als PDF in Ihrem Konto unter Bestellungen. Firmenname und USt-IdNr. tragen Sie unter Konto, Rechnungsdaten ein. Eine schon ausgestellte Rechnung korrigieren wir innerhalb von 30 Tagen.',
      ),
      dana.says('Gefunden, und die neue Rechnung stimmt. Vielen Dank!'),
      acmeBot.says('Das freut mich. Einen schönen Tag noch!'),
      pause(3),
      ada.files({ tags: ['invoice'], priority: 'LOW' }),
      ada.resolves(),
      pause(20),
      ada.finalizes(),
    ],
  },
  {
    day: 2,
    at: '19:12',
    steps: [
      eli.says('I cannot sign in any more'),
      eli.says('It says the account is locked. I only mistyped the password a few times!'),
      acmeBot.says('Press Forgotten password on the sign-in page: we send a link that works once and for 60 minutes.'),
      acmeBot.says('After 10 wrong passwords an account is locked for 15 minutes. Then you can try again.'),
      eli.says('Which e-mail address is it?'),
      acmeBot.says('The one with which you ordered. If no e-mail arrives, please look in the spam folder too.'),
      eli.reads(),
    ],
  },
  {
    day: 3,
    at: '07:55',
    subject: 'Retour de la lampe Orion',
    steps: [
      dana.says('Bonjour, la lampe Orion est trop grande pour mon bureau. Comment la renvoyer ?'),
      acmeBot.says(
        'Bonjour ! Ouvrez Commandes dans votre compte, choisissez l’article et appuyez sur Retour : vous recevez une étiquette à imprimer. Le retour est gratuit depuis la Suisse et l’Union européenne, pendant 30 jours.',
      ),
      dana.says('Je n’ai pas d’imprimante.'),
      acmeBot.says('Choisissez alors le code : le point relais imprime l’étiquette pour vous.'),
      pause(2),
      cleo.resolves(),
      pause(18),
      dana.says('Encore une question : puis-je garder l’ampoule ?'),
      acmeBot.says('La lampe doit revenir complète, ampoule comprise. Elle peut avoir servi à l’essai.'),
      dana.reads(),
    ],
  },
  {
    day: 5,
    at: '16:48',
    channel: 'TELEGRAM',
    steps: [
      eli.says('Boa tarde! Vocês atendem aos sábados?'),
      acmeBot.says(
        'Boa tarde! Sim: aos sábados das 9:00 às 13:00, e de segunda a sexta das 8:00 às 18:00 (hora de Berlim).',
      ),
      eli.says('Obrigado 🙂'),
      acmeBot.says('De nada!'),
    ],
  },
  {
    day: 6,
    at: '02:20',
    subject: '日本への配送',
    steps: [
      eli.says('こんにちは。大阪の事務所にランプを送ってもらえますか?'),
      acmeBot.says('こんにちは。日本へはご要望に応じて発送しております。型番、数量、お届け先をお知らせください。'),
      eli.says('Orion を三台です。住所はアカウントに登録してあります。'),
      acmeBot.says('ありがとうございます。一営業日以内にお見積もりをお送りします。'),
      pause(7),
      ada.whispers('Offer sent: three Orion to Osaka, 38.50 shipping, valid for 30 days.'),
      ada.files({ tags: ['offer', 'japan'] }),
      ada.resolves(),
    ],
  },
  {
    day: 9,
    at: '12:03',
    channel: 'SMS',
    steps: [
      dana.says('Is the showroom open tomorrow?'),
      acmeBot.says(
        'The showroom at Torstrasse 12 is open Tuesday to Saturday from 10:00 to 19:00, except on public holidays.',
      ),
    ],
  },
  {
    day: 11,
    at: '15:26',
    subject: 'Gift cards for the team',
    steps: [
      eli.says('Can I buy 25 gift cards at once, with a different name on each?'),
      acmeBot.says(
        'Gift cards come by e-mail at once or on paper by post, from 10 to 500. Each is ordered with its own name.',
      ),
      ben.joins(),
      ben.whispers('Following this one: 25 cards would be the largest order of its kind this year.', ada),
      eli.says('And may they be combined with a discount code?'),
      acmeBot.says('Yes, with one discount code per order. Enter both in the basket before you pay.'),
      ada.whispers('Let the assistant finish. If he asks for an invoice, take it over.', ben),
      ada.notes('Ask finance whether gift cards by invoice are possible at all.'),
      ben.leaves(),
      ada.reads(),
    ],
  },
  {
    day: 13,
    at: '17:31',
    steps: [
      dana.says('My tracking number has not changed since yesterday. Should I worry?'),
      acmeBot.says(
        'Not yet: it can take up to 24 hours until the carrier shows the first scan. If nothing has moved for 5 working days, write to us and we open a search.',
      ),
      dana.says('Fine, I wait until Monday.'),
      acmeBot.says('Good. You find the number on your account page under Orders, too.'),
    ],
  },
];
