#include "daemon/security/tokens.hpp"

#include <algorithm>
#include <array>

#include "daemon/base/limits.hpp"

namespace ringside::security {
namespace {

struct RoleRow {
  Role role;
  std::string_view name;
};
constexpr std::array roles{RoleRow{Role::read, "read"}, RoleRow{Role::app, "app"}, RoleRow{Role::ops, "ops"}};

struct Entry {
  Role role = Role::none;  // none: the word before the token is no role
  std::string_view token;
};

Entry take_apart(std::string_view line) {
  const auto blank = line.find_first_of(" \t");
  if (blank == std::string_view::npos) return {Role::app, line};
  const auto row = std::ranges::find(roles, line.substr(0, blank), &RoleRow::name);
  return {row == roles.end() ? Role::none : row->role, line.substr(line.find_first_not_of(" \t", blank))};
}

// RFC 6750 2.1, b64token: what may stand behind Bearer.
bool is_token(std::string_view text) {
  return std::ranges::all_of(text, [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
           std::string_view("-._~+/=").find(c) != std::string_view::npos;
  });
}

}  // namespace

Result<Tokens, std::string> Tokens::parse(std::string_view text) {
  Tokens parsed;
  for (const auto& [number, line] : secret_lines(text)) {
    const std::string where = "line " + std::to_string(number);
    const auto entry = take_apart(line);
    if (entry.role == Role::none)
      return where + " begins with no role; write read, app or ops before the token";
    if (!is_token(entry.token))
      return where + " holds what no token may hold; `ringside token new` makes one";
    if (entry.token.size() < limits::api_token_bytes_min || entry.token.size() > limits::api_token_bytes)
      return where + " has a token of " + std::to_string(entry.token.size()) + " bytes; " +
             std::to_string(limits::api_token_bytes_min) + " to " + std::to_string(limits::api_token_bytes) +
             " are right, and `ringside token new` makes one";
    const auto same = std::ranges::count(parsed.tokens_, entry.role, &std::pair<Digest, Role>::second);
    if (same == static_cast<std::ptrdiff_t>(limits::api_tokens_per_role))
      return where + " is one token too many for its role, at most " +
             std::to_string(limits::api_tokens_per_role) + "; remove the one that nobody uses any more";
    if (parsed.role_of(entry.token) != Role::none) return where + " repeats a token; leave one of them out";
    parsed.tokens_.emplace_back(sha256(entry.token), entry.role);
  }
  if (parsed.tokens_.empty()) return std::string("there is no token in it; `ringside token new` makes one");
  return parsed;
}

Role Tokens::role_of(std::string_view token) const {
  if (token.empty() || token.size() > limits::api_token_bytes) return Role::none;
  const Digest digest = sha256(token);
  Role role = Role::none;
  for (const auto& [known, its_role] : tokens_)
    if (equal(known, digest)) role = its_role;
  return role;
}

Result<AppTokenPtr, std::string> parse_app_token(std::string_view text) {
  const auto lines = secret_lines(text);
  if (lines.size() != 1)
    return "there are " + std::to_string(lines.size()) +
           " tokens in it; the app is sent one, and `ringside token new` makes one";
  const std::string_view token = lines.front().second;
  if (!is_token(token)) return std::string("it holds what no token may hold; `ringside token new` makes one");
  if (token.size() < limits::api_token_bytes_min || token.size() > limits::api_token_bytes)
    return "its token has " + std::to_string(token.size()) + " bytes; " +
           std::to_string(limits::api_token_bytes_min) + " to " + std::to_string(limits::api_token_bytes) +
           " are right, and `ringside token new` makes one";
  return AppTokenPtr(std::make_shared<const std::string>(token));
}

std::optional<std::string> strongest_token(std::string_view text) {
  Entry best;
  for (const auto& [number, line] : secret_lines(text))
    if (const auto entry = take_apart(line); entry.role > best.role) best = entry;
  if (best.role == Role::none) return std::nullopt;
  return std::string(best.token);
}

std::string new_token() {
  return hex(random_bytes<32>());
}

}  // namespace ringside::security
