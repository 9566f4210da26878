// The JSON of Ringpop's gossip, and the heads of /proxy/req: what is accepted is within its limits, and
// written again it is read as the same.
//
// Flags of gossip: 0 and 1 the endpoint; 2 an answer, else a request; 3 an answer that is a refusal, or a
// request under small limits.
// Flags of proxy: 0 a reply, else a request; 1 small limits.
#include <set>

#include "proto/http/names.hpp"
#include "proto/http/syntax.hpp"
#include "proto/ringpop/codec.hpp"
#include "proto/ringpop/proxy.hpp"
#include "tests/fuzz/carried.hpp"
#include "tests/fuzz/targets.hpp"

namespace ringside::fuzz {
namespace {

using namespace ringpop;

constexpr std::array<std::string_view, 4> endpoints{join_endpoint, ping_endpoint, ping_req_endpoint,
                                                    "/protocol/damp-req"};

void check_limits(const std::vector<Change>& changes, const DecodeLimits& limits) {
  require(changes.size() <= limits.changes_max, "too many changes");
  for (const Change& change : changes) {
    require(!change.address.empty(), "a change of nobody");
    require(change.incarnation >= 0 && change.source_incarnation >= 0, "an incarnation before 1970");
    require(change.labels.size() <= limits.labels_max, "too many labels");
    for (std::size_t i = 0; i < change.labels.size(); ++i) {
      const auto& [key, value] = change.labels.list()[i];
      require(key.size() <= limits.label_bytes_max && value.size() <= limits.label_bytes_max,
              "a label too long");
      require(i == 0 || change.labels.list()[i - 1].first < key, "labels out of order, or one twice");
    }
  }
}

template <class Any>
void check_message(const Any& message, const DecodeLimits& limits) {
  std::visit(
      [&](const auto& m) {
        if constexpr (requires { m.changes; }) check_limits(m.changes, limits);
        if constexpr (requires { m.membership; }) check_limits(m.membership, limits);
      },
      message);
}

// `decode` reads a body and says how many changes it has left out.
template <class Decode>
void check_body(std::string_view body, const DecodeLimits& limits, Decode decode) {
  std::size_t left_out = 0;
  const auto read = decode(body, &left_out);
  if (!read) return require(read.error().offset <= body.size(), "an error behind the end");
  check_message(*read, limits);
  const auto written = encode(*read);
  const auto again = decode(written, &left_out);
  require(again && *again == *read && left_out == 0, "a message is written differently:\n" + written);
}

// --- /proxy/req

constexpr ProxyLimits small_limits{.head_bytes = 400,
                                   .fields = 3,
                                   .field_bytes = 60,
                                   .url_bytes = 20,
                                   .method_bytes = 8,
                                   .keys = 2,
                                   .key_bytes = 8};

std::size_t check_fields(const ProxyFields& fields, const ProxyLimits& limits) {
  require(fields.size() <= limits.fields, "too many fields");
  std::set<std::string> names;
  std::size_t bytes = 0;
  for (const auto& [name, value] : fields) {
    require(http::all_of(name, http::token_byte), "a name that is none");
    require(value.empty() || http::all_of(value, http::value_byte), "a value that is none");
    bytes += name.size() + value.size();
    names.insert(name);
  }
  require(bytes <= limits.field_bytes, "too much of fields");
  return names.size();
}

// Fields that stand several times become one, or one list: then it is the second writing that must change
// nothing.
template <class Head, class Decode>
void check_head(const Head& head, bool joins, Decode decode) {
  const auto written = encode(head);
  const auto again = decode(written);
  require(again.has_value(), "what is written cannot be read:\n" + written);
  require(joins || *again == head, "a head is written differently:\n" + written);
  const auto third = decode(encode(*again));
  require(third && *third == *again, "a head changes each time:\n" + written);
}

template <class Head>
Head carried(const ProxyFields& fields) {
  Head head;
  for (const auto& [name, value] : fields)
    if (name != "host") head.fields.push_back({name, value});
  return head;
}

void check_request(std::string_view text, const ProxyLimits& limits) {
  const auto read = decode_proxy_request(text, limits);
  if (!read) return;
  require(text.size() <= limits.head_bytes && read->url.size() <= limits.url_bytes &&
              read->method.size() <= limits.method_bytes && read->keys.size() <= limits.keys,
          "more than the limits let through");
  const bool joins = check_fields(read->fields, limits) < read->fields.size();
  check_head(*read, joins, [](std::string_view again) { return decode_proxy_request(again); });
  auto head = carried<http::RequestHead>(read->fields);
  head.method = read->method;
  head.target = read->url;
  check_carried(head);
}

void check_reply(std::string_view text, const ProxyLimits& limits) {
  const auto read = decode_proxy_response(text, limits);
  if (!read) return;
  const bool joins = check_fields(read->fields, limits) < read->fields.size();
  check_head(*read, joins, [](std::string_view again) { return decode_proxy_response(again); });
  auto head = carried<http::ResponseHead>(read->fields);
  head.status = read->status;
  check_carried(head);
}

}  // namespace

void gossip(const Input& input) {
  const auto endpoint = endpoints[input.flags() & 3];
  const std::string body(input.payload());
  DecodeLimits limits;
  if (input.flag(2))
    return check_body(body, limits, [&](std::string_view text, std::size_t* left_out) {
      return decode_response(endpoint, input.flag(3), text, limits, left_out);
    });
  if (input.flag(3)) limits = {.changes_max = 2, .labels_max = 2, .label_bytes_max = 8};
  check_body(body, limits, [&](std::string_view text, std::size_t* left_out) {
    return decode_request(endpoint, text, limits, left_out);
  });
}

void proxy(const Input& input) {
  const std::string text(input.payload());
  const auto limits = input.flag(1) ? small_limits : ProxyLimits{};
  input.flag(0) ? check_reply(text, limits) : check_request(text, limits);
}

}  // namespace ringside::fuzz
