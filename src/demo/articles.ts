/** Acme's help articles, from which its AI agent answers. */
export const articles: readonly { title: string; body: string }[] = [
  {
    title: 'Shipping costs and delivery times',
    body: `Standard shipping costs 4.90 within Germany and is free from 60. Delivery takes 2 to 4 working days. To Austria, Switzerland, France, Spain, Portugal and the rest of the European Union it costs 9.90 and takes 4 to 7 working days. Express delivery on the next working day costs 14.90, only within Germany, for orders placed before 14:00. Desks are too large for parcels: a carrier brings them within 10 working days and calls you first to agree on a time. To Switzerland we deliver duty paid, so nothing more is due at the door. We ship to Japan and the United States on request.`,
  },
  {
    title: 'Where is my parcel? Tracking a delivery',
    body: `As soon as a parcel leaves our warehouse we send you an e-mail with a tracking number. The same number is on your account page under Orders. It can take up to 24 hours until the carrier shows the first scan. If the tracking has not moved for 5 working days, write to us: we open a search with the carrier and, if the parcel is not found within 3 more working days, send everything again at our cost. A parcel that could not be handed over waits 7 days in the pick-up shop named in the tracking.`,
  },
  {
    title: 'Returning an item within 30 days',
    body: `You may return anything within 30 days of delivery, without a reason. Open Orders in your account, choose the item and press Return: you get a label to print, or a code that the parcel shop prints for you. Returns are free within the European Union and Switzerland. Lamps go back in their own box; bulbs may have been used to try them. Desks are picked up by the carrier: choose a day when you request the return. Items made to measure cannot be returned.`,
  },
  {
    title: 'When do I get my refund?',
    body: `We refund within 5 working days after a return has reached our warehouse, to the means of payment that you used. Your bank may need another 2 to 3 days, a credit card company until its next statement. Gift cards are refunded as a new gift card. The price of standard shipping is refunded when the whole order is returned; the price of express delivery is not. You get an e-mail when the refund has been made.`,
  },
  {
    title: 'Invoices, VAT number and company address',
    body: `Every invoice is a PDF in your account under Orders, from the moment the order leaves our warehouse. To have a company name or VAT number on it, enter them at checkout or under Account, Billing. A VAT number of another country of the European Union is checked at once, and the order is then invoiced without VAT. An invoice that has been issued can be corrected within 30 days: write to us with the order number and the right details, and we send a corrected one.`,
  },
  {
    title: 'I forgot my password or cannot sign in',
    body: `Press Forgotten password on the sign-in page and enter your e-mail address. We send a link that works once and for 60 minutes. No e-mail? Look in the spam folder, and check that you use the address with which you ordered. After 10 wrong passwords an account is locked for 15 minutes, then you can try again. A guest order has no account: register with the same e-mail address and the order appears there by itself.`,
  },
  {
    title: 'Opening hours of support and showroom',
    body: `Our support team answers Monday to Friday from 8:00 to 18:00 and Saturday from 9:00 to 13:00, Central European Time. Outside these hours the assistant answers at once, and a person the next morning. The showroom at Torstrasse 12 in Berlin is open Tuesday to Saturday from 10:00 to 19:00. On public holidays in Berlin both are closed.`,
  },
  {
    title: 'Five years of warranty',
    body: `Lamps and desks come with five years of warranty from the day of delivery. It covers faults of material and workmanship: drivers, switches, joints, motors of height-adjustable desks. It does not cover bulbs, scratches, or damage by a wrong voltage. Send us the order number and a short description, with a photo if one can see the fault. We repair or replace, and pay the shipping both ways. If the model is no longer made, you may choose another of the same price.`,
  },
  {
    title: 'Changing or cancelling an order',
    body: `Until an order is packed you can change or cancel it under Orders, Change. Packing starts on working days at 7:00, for express orders one hour after payment. A packed order cannot be stopped: refuse the parcel at the door, or return it within 30 days. The delivery address can be changed until the parcel has left our warehouse. Orders made to measure can be cancelled within 24 hours.`,
  },
  {
    title: 'Means of payment',
    body: `We accept Visa, Mastercard, American Express, PayPal, Apple Pay, Google Pay, SEPA direct debit, and bank transfer in advance. Companies and schools may pay by invoice within 14 days, once we have checked their first order. We charge a card when the parcel leaves, not before. A payment that was refused can be repeated for 48 hours under Orders, Pay; after that the order is cancelled.`,
  },
  {
    title: 'A parcel arrived damaged or incomplete',
    body: `Please tell us within 7 days of delivery. Send the order number and photos of the box, the label and the damage. You need not return anything before we have answered. What is broken or missing we send again at once, with express delivery where it is possible, or refund if you prefer. If the carrier's driver is still there, have the damage noted; it helps us, but you lose nothing without it.`,
  },
  {
    title: 'Gift cards and discount codes',
    body: `Gift cards come by e-mail at once or on paper by post, from 10 to 500. They are valid for three years, can be used for several orders until the amount is spent, and can be combined with one discount code. Enter the code in the basket before you pay; it cannot be added to an order later. A gift card cannot be paid out. Its balance is shown under Account, Gift cards.`,
  },
  {
    title: 'Offers for companies and large quantities',
    body: `From 10 pieces of one model the price is 8 per cent lower, from 25 pieces 12 per cent, from 100 pieces on request. Ask for an offer with the models, the quantities, the delivery address and your VAT number; you get it within one working day, and it is valid for 30 days. Large orders can be delivered in parts. For planning, we lend up to three lamps for two weeks free of charge.`,
  },
];
