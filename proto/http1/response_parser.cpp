// Replies of the app: the same gates as for requests. Every refusal is the app's fault, so its status is 502.
#include <optional>
#include <utility>

#include "proto/http/names.hpp"
#include "proto/http1/framing_fields.hpp"
#include "proto/http1/parser.hpp"
#include "proto/http1/scanner.hpp"

namespace ringside::http1 {
namespace {

using Step = HeadStep<http::ResponseHead>;

constexpr int bad_gateway = 502;

bool has_no_body(int status) noexcept {
  return status < 200 || status == 204 || status == 304;
}

}  // namespace

struct ResponseParser::State {
  explicit State(const Limits& limits) : scanner(HeadScanner::Kind::response, limits) {
    head.fields.reserve(limits.fields);
  }
  std::optional<Refusal> judge(std::string_view bytes, bool to_head);
  std::optional<Refusal> judge_framing(const FramingFields&, bool to_head);

  HeadScanner scanner;
  http::ResponseHead head;
};

ResponseParser::ResponseParser(const Limits& limits) : state_(new State(limits)) {}
ResponseParser::~ResponseParser() {
  delete state_;
}
ResponseParser::ResponseParser(ResponseParser&& other) noexcept
    : state_(std::exchange(other.state_, nullptr)) {}

Step ResponseParser::next(std::string_view buffered, bool to_head) {
  State& state = *state_;
  if (auto refusal = state.scanner.scan(buffered)) return Refusal{bad_gateway, refusal->reason};
  if (!state.scanner.complete()) return NeedMore{};
  const std::size_t length = state.scanner.length();
  if (auto refusal = state.judge(buffered.substr(0, length), to_head)) return *refusal;
  state.scanner.reset();
  return Complete<http::ResponseHead>{&state.head, length};
}

std::optional<Refusal> ResponseParser::State::judge(std::string_view bytes, bool to_head) {
  head.status = scanner.status();
  head.reason = scanner.reason(bytes);
  scanner.fields(bytes, head.fields);
  const bool http10 = scanner.minor() == 0;

  FramingFields framing;
  bool close = false;
  bool keep_alive = false;
  bool upgrade = false;
  std::size_t upgrades = 0;
  head.upgrade = {};
  for (const auto& [name, value, known] : head.fields) {
    switch (known) {
      case http::Name::content_length: framing.content_length(value); break;
      case http::Name::transfer_encoding: framing.transfer_encoding(value); break;
      case http::Name::connection:
        close |= http::list_contains(value, "close");
        keep_alive |= http::list_contains(value, "keep-alive");
        upgrade |= http::list_contains(value, "upgrade");
        break;
      case http::Name::upgrade:
        if (head.status == 101) head.upgrade = value;
        ++upgrades;
        break;
      default: break;
    }
  }
  if (http10 && framing.has_transfer_encoding()) return Refusal{bad_gateway, "Transfer-Encoding in HTTP/1.0"};
  if (!upgrade || upgrades != 1 || http10) head.upgrade = {};
  head.keep_alive = !close && (!http10 || keep_alive);
  return judge_framing(framing, to_head);
}

// RFC 9112 6.3. A 204 or 304 that has framing fields all the same ends with its head: what follows is no
// reply of anyone, and the connection that brings it is thrown away by its owner.
std::optional<Refusal> ResponseParser::State::judge_framing(const FramingFields& framing, bool to_head) {
  const bool bodiless = to_head || has_no_body(head.status);
  head.framing = {};
  switch (framing.verdict()) {
    case FramingFields::Verdict::malformed:
      return Refusal{bad_gateway, "the length of the body is ambiguous"};
    case FramingFields::Verdict::unknown_coding:
      return Refusal{bad_gateway, "a transfer coding other than chunked"};
    case FramingFields::Verdict::length:
      head.framing = {bodiless ? http::BodyKind::none : http::BodyKind::length, framing.length()};
      break;
    case FramingFields::Verdict::chunked:
      head.framing = {bodiless ? http::BodyKind::none : http::BodyKind::chunked, 0};
      if (to_head) head.framing.length = http::length_unknown;
      break;
    case FramingFields::Verdict::absent:
      if (to_head) head.framing.length = http::length_unknown;
      if (bodiless) break;
      head.framing.kind = http::BodyKind::until_close;
      head.keep_alive = false;
      break;
  }
  if (has_no_body(head.status)) head.framing = {};
  return std::nullopt;
}

}  // namespace ringside::http1
