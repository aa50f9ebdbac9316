import { acmeBot, ada, ben, cleo, dana, eli } from '../cast.js';
import { pause, type Script } from '../screenplay.js';

/** One colleague offered it to another: accepted, declined, taken back, left without an answer, and still waiting. */
export const acmeOffered: readonly Script[] = [
  {
    day: 3,
    at: '14:12',
    subject: 'Factura para la empresa',
    steps: [
      eli.says('Necesito la factura de A-20471 a nombre de mi empresa.'),
      ben.takesOver(),
      ben.says('Hola Eli, soy Ben. Le paso con mi compañera Cleo, que habla mejor español que yo.'),
      ben.offers(cleo, 'He wants the invoice in the name of his company. My Spanish ends here.', {
        leaveOnAccept: true,
      }),
      cleo.accepts(),
      cleo.says('Hola Eli, soy Cleo. ¿Me puede dar el CIF de la empresa?'),
      eli.says('B-58818501.'),
      cleo.says('Gracias. La nueva factura ya está en su cuenta.'),
      cleo.files({ tags: ['invoice'] }),
      cleo.resolves(),
    ],
  },
  {
    day: 6,
    at: '11:31',
    subject: 'Lamp for a museum',
    steps: [
      dana.says('Do you make the Orion with a shade of glass? It is for a museum.'),
      acmeBot.wantsSomebody('Special order', 'I am asking a colleague about special orders.'),
      ben.takesOver(),
      ben.offers(cleo, 'You did the one for the theatre.'),
      cleo.declines('I am at the warehouse all day. Ask Ada, she knows the glazier.'),
      ben.offers(ada, 'Cleo says that you know the glazier.'),
      ada.accepts(),
      ada.says('Hello Dana, Ada here. We had twelve made last year; I am asking the glazier for a price.'),
      ada.reads(),
    ],
  },
  {
    day: 9,
    at: '16:20',
    subject: 'Second delivery missing',
    steps: [
      eli.says('Only one of my two parcels has come.'),
      cleo.takesOver(),
      cleo.offers(ben, 'You have the direct line to the depot.'),
      pause(26),
      eli.says('Hello? Is anybody there?'),
      cleo.says('I am sorry, Eli. I have called the depot myself: the second parcel comes tomorrow before noon.'),
      cleo.files({ priority: 'HIGH', tags: ['carrier'] }),
    ],
  },
  {
    day: 11,
    at: '10:05',
    subject: 'Change of address',
    steps: [
      dana.says('We are moving on the 1st. Can A-20560 go to the new address?'),
      ben.takesOver(),
      ben.offers(cleo, 'I am in a meeting from half past.'),
      ben.cancels(),
      ben.whispers('Meeting cancelled, I am doing it myself.', cleo),
      ben.says('Of course, Dana. What is the new address?'),
      dana.says('Rue du Rhône 8, 1204 Genève.'),
      ben.says('Changed. You will get a new confirmation in a minute.'),
      ben.resolves(),
    ],
  },
  {
    day: 13,
    at: '23:30',
    subject: 'Dimmer for six lamps',
    steps: [
      dana.says('Can one dimmer drive six Vega lamps at once?'),
      cleo.takesOver(),
      cleo.says('Good evening Dana, Cleo here. I want to be sure and ask our expert for dimmers.'),
      cleo.offers(ben, 'Six times 14 W on the 100 W dimmer: is that still safe? Please answer her in the morning.'),
    ],
  },
  {
    day: 13,
    at: '23:41',
    subject: 'Reklamation',
    steps: [
      eli.says('Ich möchte mich über den Kurier beschweren, er hat das Paket einfach über den Zaun geworfen!'),
      ben.takesOver(),
      ben.says('Hallo Eli, das tut mir leid. Ist die Lampe beschädigt?'),
      ben.offers(ada, 'Third complaint about this courier. You wanted to see the next one.', { leaveOnAccept: true }),
      cleo.joins(),
      cleo.whispers('I have the photographs of the other two.', ada),
    ],
  },
];
