#include "daemon/api/problem.hpp"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "daemon/api/api.hpp"
#include "daemon/api/key_text.hpp"

namespace ringside::api {
namespace {

using Json = nlohmann::ordered_json;

constexpr bool no = false;
constexpr bool maybe = true;

// In the order of the enum. The last two columns: may an app have run the request, and Retry-After in
// seconds.
constexpr std::array table{
    CodeRow{Code::bad_request, "bad_request", 400, "The request is malformed",
            "Correct what the detail names and send it again.", no, 0},
    CodeRow{
        Code::bad_key, "bad_key", 400, "The key is not usable",
        "Use a key of 1 to 4096 bytes, percent-encoded where it stands in a path or a query ('/' is %2F).",
        no, 0},
    CodeRow{
        Code::missing_key, "missing_key", 400, "The request names no key",
        "Name the key in the Ringside-Key header, or on the API listener in the path (/v1/route/{key}/..., "
        "/v1/lookup/{key}).",
        no, 0},
    CodeRow{Code::wrong_host, "wrong_host", 421, "This listener does not answer for that host",
            "Ask for a host that it answers for, or add this one to the option that the detail names.", no,
            0},
    CodeRow{Code::wrong_origin, "wrong_origin", 403, "This listener does not answer pages of other sites",
            "Ask with a program; if it was a page that may ask, add its origin to security.api_origins.", no,
            0},
    CodeRow{
        Code::unauthorized, "unauthorized", 401, "This needs a token",
        "Send a token of this node's security.api_token_file as `Authorization: Bearer` or Ringside-Token; "
        "the command line takes --token-file.",
        no, 0},
    CodeRow{Code::forbidden, "forbidden", 403, "This needs another role",
            "Use a token of that role, or the unix socket as root or as the user that runs ringside.", no, 0},
    CodeRow{
        Code::not_found, "not_found", 404, "There is no such page here",
        "To reach the app, ask for /v1/route/{key}/... or send the Ringside-Key header; GET / lists the API.",
        no, 0},
    CodeRow{Code::method_not_allowed, "method_not_allowed", 405, "The page does not take this method",
            "Use one of the methods in the Allow header.", no, 0},
    CodeRow{Code::body_too_large, "body_too_large", 413, "The body is too large",
            "Send a smaller body, or raise forward.body_max if it is meant for the app.", no, 0},
    CodeRow{Code::overloaded, "overloaded", 503, "This node has too much to do",
            "Wait for the seconds in Retry-After and send it again; if it lasts, add nodes or raise "
            "the limit that the detail names.",
            no, 1},
    CodeRow{Code::key_queue_full, "key_queue_full", 429, "The key has too much to do",
            "Wait for the seconds in Retry-After and send it again; if it lasts, spread the load over more "
            "keys or raise "
            "forward.queue_per_key.",
            no, 1},
    CodeRow{Code::circuit_open, "circuit_open", 503, "It has failed too often in a row",
            "Wait for the seconds in Retry-After and send it again; if it lasts, look after the member or "
            "app that the detail names.",
            no, 1},
    CodeRow{Code::not_joined, "not_joined", 503, "This node has not joined the cluster yet",
            "Wait until /v1/readyz answers 204; if it never does, check join.seeds and the log of this node.",
            no, 1},
    CodeRow{Code::no_owner, "no_owner", 503, "The ring is empty",
            "Start a node that has an app (app.address); `ringside members` shows who is there.", no, 1},
    CodeRow{
        Code::app_down, "app_down", 503, "The app does not answer",
        "Start the app at the address that app.address names, or correct that option; then send it again.",
        no, 1},
    CodeRow{Code::app_error, "app_error", 502, "The app failed while it had the request",
            "Look into the app's log; repeat the request only if it may run twice.", maybe, 0},
    CodeRow{Code::draining, "draining", 503, "This node is leaving", "Send it to another node.", no, 1},
    CodeRow{Code::name_conflict, "name_conflict", 503, "Another live member uses this node's name",
            "Give one of the two another node.name (--name) and restart it; until then, send it to another "
            "node.",
            no, 1},
    CodeRow{Code::not_owner, "not_owner", 421, "This node does not own the key",
            "Send it again, the ring has just moved; if it lasts, compare the checksums that `ringside "
            "status` shows.",
            no, 1},
    CodeRow{Code::peer_unreachable, "peer_unreachable", 503, "The owner's ringside cannot be reached",
            "Send it again in a moment; if it lasts, check that this host reaches the owner's peer address.",
            no, 1},
    CodeRow{Code::peer_has_no_http, "peer_has_no_http", 502, "The owner is a Ringpop node and takes no HTTP",
            "Run a ringside beside the owner's app, or call the app over TChannel.", no, 0},
    CodeRow{Code::app_protocol, "app_protocol", 502, "The owner's app speaks another protocol",
            "Call it over the protocol it speaks, or correct app.protocol of the owner's ringside.", no, 0},
    CodeRow{
        Code::timeout, "timeout", 504, "No answer in time",
        "Make the app answer sooner or raise forward.timeout; repeat the request only if it may run twice.",
        maybe, 0},
    CodeRow{Code::loop, "loop", 508, "The request went in a circle",
            "Check that the app does not send a request on to its own key, and compare `ringside status` of "
            "the nodes.",
            no, 0},
    CodeRow{Code::unknown_node, "unknown_node", 404, "No member has this name",
            "Use a name that `ringside members` (GET /v1/members) shows.", no, 0},
    CodeRow{Code::unknown_app, "unknown_app", 404, "This node has no app of that name",
            "Leave Ringside-App out, or ask a node that has that app; app.id says what the app of a node is "
            "called.",
            no, 0},
    CodeRow{Code::conflict, "conflict", 409, "It does not fit what this node is doing",
            "Look at what it is doing: `ringside status`, GET /v1/drain.", no, 0},
    CodeRow{Code::bad_setting, "bad_setting", 422, "The setting is not usable",
            "Correct what is named and ask again; until then everything is as it was.", no, 0},
    CodeRow{Code::keys_refused, "keys_refused", 409, "The cluster's keys cannot be changed like that",
            "Mend what is named and ask again; `ringside keys list` shows who has which key.", no, 0},
    CodeRow{Code::internal, "internal", 500, "A fault inside ringside",
            "Report it with the request id and the log lines around it.", maybe, 0},
};

constexpr bool in_order() {
  for (std::size_t i = 0; i < table.size(); ++i)
    if (static_cast<std::size_t>(table[i].code) != i) return false;
  return table.size() == static_cast<std::size_t>(Code::internal) + 1;
}
static_assert(in_order());

}  // namespace

const CodeRow& row(Code code) noexcept {
  return table[static_cast<std::size_t>(code)];
}

const CodeRow* find_row(std::string_view name) noexcept {
  const auto found = std::ranges::find(table, name, &CodeRow::name);
  return found == table.end() ? nullptr : &*found;
}

std::string to_json(const Problem& problem) {
  const CodeRow& r = row(problem.code);
  Json body;
  body["type"] = "urn:ringside:problem:" + std::string(r.name);
  body["title"] = r.title;
  body["status"] = problem.status.value_or(r.status);
  body["code"] = r.name;
  body["detail"] = problem.detail.empty() ? std::string(r.title) : problem.detail;
  if (!problem.key.empty()) {
    KeyText key = key_text(problem.key);
    body["key"] = std::move(key.text);
    if (key.percent) body["key_encoding"] = "percent";
  }
  if (!problem.owner.empty()) body["owner"] = problem.owner;
  if (!problem.errors.empty()) body["errors"] = problem.errors;
  if (problem.attempts > 0) body["attempts"] = problem.attempts;
  body["executed"] = r.executed_maybe ? "maybe" : "no";
  if (!problem.request_id.empty()) body["request_id"] = problem.request_id;
  body["remedy"] = r.remedy;
  // Other texts than the key may quote bytes of the client too: what is not UTF-8 becomes U+FFFD.
  return body.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

Response render(const Problem& problem) {
  const CodeRow& r = row(problem.code);
  Response response;
  response.status = problem.status.value_or(r.status);
  response.content_type = problem_content_type;
  response.body = to_json(problem);
  response.headers.emplace_back("Ringside-Error", r.name);
  response.headers.emplace_back("Ringside-Executed", r.executed_maybe ? "maybe" : "no");
  if (problem.code == Code::unauthorized) response.headers.emplace_back("WWW-Authenticate", "Bearer");
  const int wait = problem.retry_after_s.value_or(r.retry_after_s);
  if (wait > 0) response.headers.emplace_back("Retry-After", std::to_string(wait));
  return response;
}

}  // namespace ringside::api
