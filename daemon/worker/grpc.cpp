#include "daemon/worker/grpc.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>

#include "daemon/base/limits.hpp"

namespace ringside::worker {
namespace {

enum class Status : std::uint8_t {  // gRPC's numbers; those that a proxy gives
  unknown = 2,
  invalid_argument = 3,
  deadline_exceeded = 4,
  permission_denied = 7,
  resource_exhausted = 8,
  unavailable = 14,
  unauthenticated = 16,
};

// UNAVAILABLE is what clients repeat on their own: only for what surely reached no app.
Status status_of(api::Code code) {
  switch (code) {
    case api::Code::bad_request:
    case api::Code::bad_key:
    case api::Code::missing_key:
    case api::Code::unknown_node:
    case api::Code::unknown_app:
    case api::Code::wrong_host: return Status::invalid_argument;
    case api::Code::wrong_origin:
    case api::Code::forbidden: return Status::permission_denied;
    case api::Code::unauthorized: return Status::unauthenticated;
    case api::Code::body_too_large:
    case api::Code::key_queue_full:
    case api::Code::overloaded: return Status::resource_exhausted;
    case api::Code::timeout: return Status::deadline_exceeded;
    case api::Code::circuit_open:
    case api::Code::not_found:
    case api::Code::method_not_allowed:
    case api::Code::not_joined:
    case api::Code::no_owner:
    case api::Code::app_down:
    case api::Code::app_error:
    case api::Code::draining:
    case api::Code::name_conflict:
    case api::Code::not_owner:
    case api::Code::peer_unreachable:
    case api::Code::peer_has_no_http:
    case api::Code::app_protocol:
    case api::Code::loop:
    case api::Code::conflict:
    case api::Code::bad_setting:
    case api::Code::keys_refused:
    case api::Code::internal: return api::row(code).executed_maybe ? Status::unknown : Status::unavailable;
  }
  return Status::unknown;
}

// gRPC percent-encodes what is not printable ASCII, and '%'.
std::string encode_message(std::string_view text) {
  static constexpr char hex[] = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && byte < 0x7f && c != '%') {
      out += c;
    } else {
      out += '%';
      out += hex[byte >> 4];
      out += hex[byte & 15];
    }
  }
  return out;
}

}  // namespace

bool is_grpc_type(std::string_view content_type) noexcept {
  constexpr std::string_view type = "application/grpc";
  if (!http::equals_ignore_case(content_type.substr(0, type.size()), type)) return false;
  // "+proto" and parameters may follow; grpc-web is something else.
  const auto rest = content_type.substr(type.size());
  return rest.empty() || rest.front() == '+' || rest.front() == ';';
}

bool is_grpc(const std::vector<http::Field>& fields) noexcept {
  const auto found = http::find(fields, http::Name::content_type);
  return found && is_grpc_type(*found);
}

std::optional<Millis> parse_grpc_timeout(std::string_view text) noexcept {
  constexpr std::size_t digits_max = 8;
  if (text.size() < 2 || text.size() > digits_max + 1) return std::nullopt;
  std::int64_t number = 0;
  const char* unit = text.data() + text.size() - 1;
  const auto parsed = std::from_chars(text.data(), unit, number);
  if (parsed.ec != std::errc() || parsed.ptr != unit || number < 0) return std::nullopt;
  const auto at_least_1ms = [](Millis time) { return std::max(time, Millis(1)); };
  switch (*unit) {
    case 'H': return at_least_1ms(std::chrono::hours(number));
    case 'M': return at_least_1ms(std::chrono::minutes(number));
    case 'S': return at_least_1ms(std::chrono::seconds(number));
    case 'm': return at_least_1ms(Millis(number));
    case 'u': return at_least_1ms(std::chrono::duration_cast<Millis>(std::chrono::microseconds(number)));
    case 'n': return at_least_1ms(std::chrono::duration_cast<Millis>(std::chrono::nanoseconds(number)));
    default: return std::nullopt;  // a byte from outside, not an enum
  }
}

api::Response render_for_grpc(const api::Problem& problem) {
  const api::CodeRow& row = api::row(problem.code);
  api::Response response = api::render(problem);
  response.status = 200;
  response.body.clear();
  response.headers.emplace_back("Content-Type", "application/grpc");
  const std::string message = "ringside: " + std::string(row.name) + ": " +
                              (problem.detail.empty() ? std::string(row.title) : problem.detail) + ". " +
                              std::string(row.remedy);
  response.headers.emplace_back("grpc-status", std::to_string(static_cast<int>(status_of(problem.code))));
  response.headers.emplace_back("grpc-message", encode_message(message));
  return response;
}

}  // namespace ringside::worker
