// One line of the history, whole.
import { send } from "./device.js";
import { make, points, showYen, t, time, word, yen } from "./text.js";
import { trouble } from "./shell.js";

const $ = (id) => document.getElementById(id);

const row = (name, value, className = "") => make("div", "", make("dt", "", name), make("dd", className, value));

/** Opens the receipt of a line; what followed a payment is asked for. */
export async function openReceipt(line) {
  const amount = make("p", "total");
  showYen(amount, line.amount);
  const list = make("dl", "");
  list.append(
    row(t("receipt_at"), time(line.created_at)),
    ...(line.shop?.name ? [row(t("receipt_shop"), line.shop.name)] : []),
    ...line.items.map((item) => row(`${item.name} × ${item.quantity}`, yen(item.unit_price * item.quantity))),
    ...(line.reason ? [row(t("receipt_reason"), line.reason)] : []),
    ...parts(line),
    ...(line.points_change > 0 && line.change < 0 ? [row(t("receipt_points"), points(line.points_change))] : []),
    row(t("receipt_id"), line.id, "id"),
  );
  $("receipt-body").replaceChildren(make("p", "small", word("kind", line.kind)), amount, list);
  $("receipt").showModal();
  if (!line.id.startsWith("pay_")) return;
  try {
    const payment = await send("GET", `/v1/payments/${line.id}`);
    if (payment.refunded > 0 && $("receipt").open) list.insertBefore(row(t("receipt_refunded"), yen(payment.refunded)), list.lastChild);
  } catch (error) {
    trouble(error);
  }
}

// From which lots it was paid.
function parts(line) {
  const paid = line.lots.filter((lot) => lot.step === "out" || lot.step === "hold");
  return paid.map((lot) => row(`${t("receipt_parts")}: ${word("lot", lot.account)}`, lot.account === "points" ? points(lot.amount) : yen(lot.amount)));
}

$("receipt-close").addEventListener("click", () => $("receipt").close());
$("receipt").addEventListener("click", (event) => { if (event.target === $("receipt")) $("receipt").close(); });
