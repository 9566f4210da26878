// Requests: the scanner, then what the fields mean together. The rules, each with its section, are in
// proto/spec/http1.md.
#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "proto/http/syntax.hpp"
#include "proto/http1/framing_fields.hpp"
#include "proto/http1/parser.hpp"
#include "proto/http1/scanner.hpp"

namespace ringside::http1 {
namespace {

using http::equals_ignore_case;
using Step = HeadStep<http::RequestHead>;

// Fields that must reach the app or decide the framing: Connection must not name them.
bool is_protected(std::string_view name) noexcept {
  return equals_ignore_case(name, "host") || equals_ignore_case(name, "content-length") ||
         equals_ignore_case(name, "transfer-encoding");
}

struct Connection {
  bool close = false;
  bool keep_alive = false;
  bool upgrade = false;
  bool names_protected = false;

  void add(std::string_view value) noexcept {
    while (!value.empty()) {
      const auto option = http::next_element(value);
      if (equals_ignore_case(option, "close")) close = true;
      if (equals_ignore_case(option, "keep-alive")) keep_alive = true;
      if (equals_ignore_case(option, "upgrade")) upgrade = true;
      if (is_protected(option)) names_protected = true;
    }
  }
};

// What the fields of one request say, gathered in one pass.
struct Facts {
  FramingFields framing;
  Connection connection;
  std::string_view host;
  std::size_t hosts = 0;
  std::string_view upgrade;
  std::size_t upgrades = 0;
  bool takes_trailers = false;
  bool expects_continue = false;
  bool expects_more = false;  // something other than 100-continue

  void expect(std::string_view value) noexcept {
    while (!value.empty()) {
      const auto expectation = http::next_element(value);
      if (expectation.empty()) continue;  // RFC 9110 5.6.1.2
      (equals_ignore_case(expectation, "100-continue") ? expects_continue : expects_more) = true;
    }
  }
};

}  // namespace

struct RequestParser::State {
  // Grows with its requests: most have a dozen fields, and most connections rest.
  explicit State(const Limits& limits) : scanner(HeadScanner::Kind::request, limits) {}
  std::optional<Refusal> judge(std::string_view bytes);
  std::optional<Refusal> judge_target();
  std::optional<Refusal> judge_framing(const Facts&);
  Facts gather();

  HeadScanner scanner;
  http::RequestHead head;
  std::string target;  // only for an absolute form whose path is empty and whose query is not
};

RequestParser::RequestParser(const Limits& limits) : state_(new State(limits)) {}
RequestParser::~RequestParser() {
  delete state_;
}
RequestParser::RequestParser(RequestParser&& other) noexcept : state_(std::exchange(other.state_, nullptr)) {}
bool RequestParser::mid_head() const noexcept {
  return state_->scanner.begun();
}

Step RequestParser::next(std::string_view buffered) {
  State& state = *state_;
  if (auto refusal = state.scanner.scan(buffered)) return *refusal;
  if (!state.scanner.complete()) return NeedMore{};
  const std::size_t length = state.scanner.length();
  if (auto refusal = state.judge(buffered.substr(0, length))) return *refusal;
  state.scanner.reset();
  return Complete<http::RequestHead>{&state.head, length};
}

std::optional<Refusal> RequestParser::State::judge(std::string_view bytes) {
  head.method = scanner.method(bytes);
  if (head.method == "CONNECT" || head.method == "TRACE") return Refusal{405, "this method is not served"};
  scanner.fields(bytes, head.fields);

  const Facts facts = gather();
  if (facts.hosts > 1) return Refusal{400, "more than one Host"};
  if (facts.hosts == 1 && !http::is_authority(facts.host)) return Refusal{400, "the Host is malformed"};
  head.http10 = scanner.minor() == 0;
  if (facts.hosts == 0 && !head.http10) return Refusal{400, "no Host"};
  head.authority = facts.host;
  head.target = scanner.target(bytes);
  if (auto refusal = judge_target()) return refusal;
  if (facts.connection.names_protected) return Refusal{400, "Connection names Host or a framing field"};
  if (auto refusal = judge_framing(facts)) return refusal;
  if (facts.expects_more && !head.http10) return Refusal{417, "only 100-continue can be expected"};

  const bool has_body = head.framing.kind == http::BodyKind::chunked || head.framing.length > 0;
  head.expect_continue = facts.expects_continue && has_body && !head.http10;  // RFC 9110 10.1.1
  head.keep_alive = !facts.connection.close && (!head.http10 || facts.connection.keep_alive);
  const bool switchable = facts.connection.upgrade && facts.upgrades == 1 && !head.http10 && !has_body;
  head.upgrade = switchable ? facts.upgrade : std::string_view();
  head.takes_trailers = facts.takes_trailers;
  return std::nullopt;
}

// Reads the fields that have a meaning here, and takes Host and the underscore twins out of the list.
Facts RequestParser::State::gather() {
  Facts facts;
  auto keep = head.fields.begin();
  for (const http::Field& field : head.fields) {
    switch (field.known) {
      case http::Name::te: facts.takes_trailers |= http::list_contains(field.value, "trailers"); break;
      case http::Name::host:
        facts.host = field.value;
        ++facts.hosts;
        continue;
      case http::Name::expect: facts.expect(field.value); break;
      case http::Name::upgrade:
        facts.upgrade = field.value;
        ++facts.upgrades;
        break;
      case http::Name::connection: facts.connection.add(field.value); break;
      case http::Name::content_length: facts.framing.content_length(field.value); break;
      case http::Name::transfer_encoding: facts.framing.transfer_encoding(field.value); break;
      default: break;
    }
    if (http::is_reserved_twin(field)) continue;
    *keep++ = field;
  }
  head.fields.erase(keep, head.fields.end());
  return facts;
}

// RFC 9112 3.2: origin form, absolute form (http only; its authority wins over Host), or "*" for OPTIONS.
std::optional<Refusal> RequestParser::State::judge_target() {
  if (head.target.starts_with('/')) return std::nullopt;
  if (head.target == "*") {
    if (head.method != "OPTIONS") return Refusal{400, "only OPTIONS can have the target *"};
    return std::nullopt;
  }
  constexpr std::string_view scheme = "http://";
  if (!equals_ignore_case(head.target.substr(0, scheme.size()), scheme))
    return Refusal{400, "the target is malformed"};
  const auto rest = head.target.substr(scheme.size());
  const auto end = std::min(rest.find_first_of("/?"), rest.size());
  head.authority = rest.substr(0, end);
  if (!http::is_authority(head.authority)) return Refusal{400, "the authority in the target is malformed"};
  head.target = rest.substr(end);
  if (head.target.empty()) {
    head.target = head.method == "OPTIONS" ? "*" : "/";  // RFC 9112 3.2.4
  } else if (head.target.front() == '?') {
    target.assign("/").append(head.target);
    head.target = target;
  }
  return std::nullopt;
}

std::optional<Refusal> RequestParser::State::judge_framing(const Facts& facts) {
  if (head.http10 && facts.framing.has_transfer_encoding()) {
    return Refusal{400, "Transfer-Encoding in HTTP/1.0"};  // RFC 9112 6.1
  }
  head.framing = {};
  switch (facts.framing.verdict()) {
    case FramingFields::Verdict::absent: return std::nullopt;
    case FramingFields::Verdict::length:
      head.framing = {http::BodyKind::length, facts.framing.length()};
      return std::nullopt;
    case FramingFields::Verdict::chunked: head.framing.kind = http::BodyKind::chunked; return std::nullopt;
    case FramingFields::Verdict::malformed: return Refusal{400, "the length of the body is ambiguous"};
    case FramingFields::Verdict::unknown_coding: return Refusal{501, "a transfer coding other than chunked"};
  }
  return std::nullopt;
}

}  // namespace ringside::http1
