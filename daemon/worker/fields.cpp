#include "daemon/worker/fields.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <limits>

#include "daemon/base/limits.hpp"
#include "daemon/base/text.hpp"
#include "daemon/worker/grpc.hpp"
#include "proto/http/names.hpp"
#include "proto/http/syntax.hpp"
#include "proto/http1/framing_fields.hpp"

namespace ringside::worker {
namespace {

// The one field that Connection may name and not take along: without it the request would lose its way.
constexpr std::string_view kept = "ringside-key";

constexpr std::string_view nobody = "-";  // in a passport: no client to tell of

// Whether this Connection field names more than what goes anyway.
bool nominates(std::string_view value) noexcept {
  while (!value.empty()) {
    const auto option = http::next_element(value);
    if (option.empty() || http::equals_ignore_case(option, "close")) continue;
    if (!http::is_of_one_connection(http::name_of(option))) return true;
  }
  return false;
}

std::string_view next_word(std::string_view& text) noexcept {
  const auto word = text.substr(0, text.find(' '));
  text.remove_prefix(std::min(word.size() + 1, text.size()));
  return word;
}

// Returns the HTTP version at the entry.
std::string_view read_passport(std::string_view text, Passport& passport) {
  const auto hops = next_word(text);
  std::from_chars(hops.data(), hops.data() + hops.size(), passport.hops);
  passport.hops = std::max(passport.hops, 1);
  const auto version = next_word(text);
  passport.from = next_word(text);
  passport.client = next_word(text);
  if (passport.client == nobody) passport.client.clear();
  passport.request_id = text;
  return version;
}

// What is left behind us; what is no number is passed on as it came.
bool take_max_forwards(std::string_view value, Passport& passport) {
  const auto left = http1::parse_length(value);
  if (left) passport.max_forwards = std::to_string(*left - (*left > 0));
  return left.has_value();
}

// What is no number is read with care: nothing is repeated.
int parse_retries(std::string_view value) noexcept {
  std::uint16_t number = 0;
  const auto parsed = std::from_chars(value.data(), value.data() + value.size(), number);
  if (parsed.ptr != value.data() + value.size()) return 0;
  return parsed.ec == std::errc::result_out_of_range ? std::numeric_limits<std::uint16_t>::max() : number;
}

template <class Value>
struct Word {
  std::string_view text;
  Value value;
};
constexpr std::array<Word<forward::Place>, 3> places = {{{"owner", forward::Place::owner},
                                                         {"local-only", forward::Place::local_only},
                                                         {"prefer-local", forward::Place::prefer_local}}};
constexpr std::array<Word<config::ForwardCheck>, 3> checks = {{{"key", config::ForwardCheck::key},
                                                               {"view", config::ForwardCheck::view},
                                                               {"none", config::ForwardCheck::none}}};

// A field with one of these words, once; else why not, naming the field and the words.
template <class Words, class Value>
void take_word(std::string_view field, std::string_view text, const Words& words, std::optional<Value>& value,
               std::string& fault) {
  const auto found = std::ranges::find(words, text, [](const auto& word) { return word.text; });
  if (found != words.end() && !value) {
    value = found->value;
    return;
  }
  fault.assign(field).append(value ? " is there more than once" : " is '" + std::string(text) + "'");
  fault += "; it is one of";
  for (const auto& word : words) fault.append(&word == words.data() ? " " : ", ").append(word.text);
}

bool take_hex(std::string_view text, std::uint32_t& number) {
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), number, 16);
  return parsed.ec == std::errc() && parsed.ptr == text.data() + text.size();
}

// What the entry asks of whom it sends a request to. A word that we do not know is of a ringside that knows
// more: the ownership of the key is checked, as ever.
void take_check(std::string_view value, Passport& passport) {
  const auto word = next_word(value);
  if (word == "none") passport.check = config::ForwardCheck::none;
  if (word == "view" && take_hex(value, passport.ring)) passport.check = config::ForwardCheck::view;
}

// What the entry's route says, of requests that came by one, and what its caller wants.
void take_from_entry(std::string_view name, std::string_view value, Passport& passport) {
  if (http::equals_ignore_case(name, "ringside-patience")) {
    if (const auto patience = parse_duration(value))
      passport.patience = std::clamp(*patience, Millis::zero(), Millis(limits::timeout_max));
  } else if (http::equals_ignore_case(name, "ringside-keyless")) {
    passport.keyless = true;
  } else if (http::equals_ignore_case(name, "ringside-secured")) {
    passport.secured = true;
  } else if (http::equals_ignore_case(name, "ringside-check")) {
    take_check(value, passport);
  } else if (http::equals_ignore_case(name, "ringside-node")) {
    passport.node = value;
  }
}

// Fields of a caller that are not in every request.
void take_wish(std::string_view name, std::string_view value, Wishes& wishes) {
  if (http::equals_ignore_case(name, "ringside-route")) {
    take_word("Ringside-Route", value, places, wishes.place, wishes.fault);
  } else if (http::equals_ignore_case(name, "ringside-check")) {
    take_word("Ringside-Check", value, checks, wishes.check, wishes.fault);
  } else if (http::equals_ignore_case(name, "ringside-app")) {
    if (value.empty() || !wishes.app.empty())
      wishes.fault = "Ringside-App is there more than once, or empty; it is the name of one app";
    wishes.app = value;
  }
}

}  // namespace

void OwnedHead::assign(const http::RequestHead& head) {
  std::size_t size = head.method.size() + head.target.size() + head.authority.size() + head.upgrade.size();
  for (const auto& field : head.fields) size += field.name.size() + field.value.size();
  bytes_.clear();
  bytes_.reserve(size);  // views into bytes_ are taken while it is filled: it must not move
  const auto keep = [this](std::string_view text) {
    const std::size_t start = bytes_.size();
    bytes_.append(text);
    return std::string_view(bytes_).substr(start);
  };
  auto fields = std::move(head_.fields);
  fields.clear();
  head_.method = keep(head.method);
  head_.target = keep(head.target);
  head_.authority = keep(head.authority);
  for (const auto& field : head.fields) fields.push_back({keep(field.name), keep(field.value), field.known});
  head_.fields = std::move(fields);
  head_.framing = head.framing;
  head_.http10 = head.http10;
  head_.http2 = head.http2;
  head_.keep_alive = head.keep_alive;
  head_.expect_continue = head.expect_continue;
  head_.upgrade = keep(head.upgrade);
  head_.takes_trailers = head.takes_trailers;
}

bool is_ringside_field(std::string_view name) noexcept {
  return http::is_ringside(http::name_of(name));
}

std::string_view version_of(const http::RequestHead& head) noexcept {
  return head.http2 ? "2" : head.http10 ? "1.0" : "1.1";
}

void append_via(std::string& via, std::string_view version, std::string_view name) {
  if (!via.empty()) via += ", ";
  via.append(version).append(" ").append(name);
}

void write_passport(const Passport& passport, int hops, std::string_view version, std::string& out) {
  std::array<char, 12> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), hops).ptr;
  out.assign(digits.data(), end);
  out.append(" ").append(version).append(" ").append(passport.from).append(" ");
  out.append(passport.client.empty() ? nobody : passport.client).append(" ").append(passport.request_id);
}

void Passport::clear() {
  from.clear();
  client.clear();
  secured = false;
  hops = 0;
  timeout = {};
  fault.clear();
  retries = -1;
  request_id.clear();
  via.clear();
  repeatable = false;
  max_forwards.clear();
  patience.reset();
  keyless = false;
  check = config::ForwardCheck::key;
  ring = 0;
  node.clear();
}

void Wishes::clear() {
  place.reset();
  check.reset();
  app.clear();
  fault.clear();
}

void write_check(config::ForwardCheck check, std::uint32_t ring, std::string& out) {
  if (check == config::ForwardCheck::none) {
    out = "none";
    return;
  }
  std::array<char, 8> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), ring, 16).ptr;
  out.assign("view ").append(digits.data(), end);
}

void remove_authorization(http::RequestHead& head) {
  std::erase_if(head.fields,
                [](const http::Field& field) { return field.known == http::Name::authorization; });
}

void take_passport(http::RequestHead& head, bool from_peer, Passport& passport, bool keep_forwarding,
                   Wishes* wishes) {
  passport.clear();
  if (from_peer) passport.hops = 1;  // at least: a peer has sent it on
  std::string_view version;
  passport.repeatable = http::is_idempotent(head.method);
  std::optional<Millis> grpc_timeout;
  const bool nominated = std::any_of(head.fields.begin(), head.fields.end(), [](const http::Field& field) {
    return field.known == http::Name::connection && nominates(field.value);
  });
  if (nominated) http::remove_hop_by_hop(head.fields, kept);
  std::erase_if(head.fields, [&](const http::Field& field) {
    const auto [name, value, known] = field;
    switch (known) {
      case http::Name::ringside_timeout:
        if (!from_peer && passport.timeout > Millis::zero())
          passport.fault = "Ringside-Timeout is there more than once";
        else if (const auto timeout = parse_duration(value))
          passport.timeout = std::clamp(*timeout, Millis::zero(), Millis(limits::timeout_max));
        else if (!from_peer)
          passport.fault = "Ringside-Timeout: " + timeout.error();
        return true;
      case http::Name::ringside_retry: passport.retries = parse_retries(value); return true;
      case http::Name::grpc_timeout: grpc_timeout = parse_grpc_timeout(value); return false;
      case http::Name::idempotency_key:  // an empty one tells the app nothing to know a repeat by
        passport.repeatable = passport.repeatable || !value.empty();
        return false;
      case http::Name::x_request_id:
        if (value.size() <= limits::request_id_bytes && http::all_of(value, http::token_byte))
          passport.request_id = value;
        return true;
      case http::Name::via:
        if (!passport.via.empty()) passport.via += ", ";
        passport.via += value;
        return true;
      case http::Name::max_forwards:
        return !from_peer && head.method == "OPTIONS" && take_max_forwards(value, passport);
      case http::Name::ringside_passport:
        if (from_peer) version = read_passport(value, passport);
        return true;
      case http::Name::ringside:
        if (from_peer) take_from_entry(name, value, passport);
        if (wishes != nullptr) take_wish(name, value, *wishes);
        return true;
      default:
        return http::is_of_one_connection(known) || http::is_ringside(known) ||
               (!keep_forwarding && !from_peer && http::is_forwarding(known));
    }
  });
  // The entry's own words in Via go without saying while they are all there is.
  if (passport.hops == 1 && passport.via.empty() && !version.empty())
    append_via(passport.via, version, passport.from);
  if (grpc_timeout && passport.timeout == Millis::zero())
    passport.timeout = std::min(*grpc_timeout, Millis(limits::timeout_max));
}

ReplyNotes take_reply(http::ResponseHead& head) {
  ReplyNotes notes;
  bool nominated = false;
  std::erase_if(head.fields, [&](const http::Field& field) {
    const auto [name, value, known] = field;
    switch (known) {
      case http::Name::connection: nominated = nominated || nominates(value); return !nominated;
      case http::Name::content_type: notes.content_type = value; return false;
      case http::Name::x_request_id: notes.has_request_id = true; return false;
      case http::Name::ringside_served_by: notes.served_by = value; return true;
      case http::Name::ringside_hops: notes.hops = value; return true;
      case http::Name::ringside_error: notes.error = value; return true;
      case http::Name::ringside_executed: notes.executed = value; return true;
      default: return http::is_of_one_connection(known) || http::is_ringside(known);
    }
  });
  if (nominated) http::remove_hop_by_hop(head.fields);
  return notes;
}

bool ends_here(const http::RequestHead& head) {
  if (head.method != "OPTIONS") return false;
  const auto left = http::find(head.fields, http::Name::max_forwards);
  return left && http1::parse_length(*left) == 0;
}

}  // namespace ringside::worker
