#include "proto/http/message.hpp"

#include <algorithm>

#include "proto/http/names.hpp"
#include "proto/http/syntax.hpp"

namespace ringside::http {
namespace {

constexpr char lower(char c) noexcept {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
}

constexpr int hex_value(char c) noexcept {
  if (c >= '0' && c <= '9') return c - '0';
  const char l = lower(c);
  return l >= 'a' && l <= 'f' ? l - 'a' + 10 : -1;
}

// What Connection names beyond the names that go anyway: almost always nothing.
std::vector<std::string_view> nominated(const std::vector<Field>& fields, std::string_view kept) {
  std::vector<std::string_view> names;
  for (const Field& field : fields) {
    if (field.known != Name::connection) continue;
    for (auto rest = field.value; !rest.empty();) {
      const auto name = next_element(rest);
      if (name.empty() || equals_ignore_case(name, "close")) continue;
      const Name known = name_of(name);
      if (known == Name::host || is_of_one_connection(known) || list_contains(kept, name)) continue;
      names.push_back(name);
    }
  }
  return names;
}

}  // namespace

bool equals_ignore_case(std::string_view a, std::string_view b) noexcept {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (lower(a[i]) != lower(b[i])) return false;
  }
  return true;
}

std::optional<std::string_view> find(const std::vector<Field>& fields, std::string_view name) noexcept {
  for (const Field& field : fields) {
    if (equals_ignore_case(field.name, name)) return field.value;
  }
  return std::nullopt;
}

std::optional<std::string_view> find(const std::vector<Field>& fields, Name name) noexcept {
  for (const Field& field : fields) {
    if (field.known == name) return field.value;
  }
  return std::nullopt;
}

bool list_contains(std::string_view list, std::string_view token) noexcept {
  while (!list.empty()) {
    if (equals_ignore_case(next_element(list), token)) return true;
  }
  return false;
}

bool is_safe(std::string_view method) noexcept {
  return method == "GET" || method == "HEAD" || method == "OPTIONS" || method == "TRACE";
}

bool is_idempotent(std::string_view method) noexcept {
  return is_safe(method) || method == "PUT" || method == "DELETE";
}

void remove_hop_by_hop(std::vector<Field>& fields, std::string_view kept) {
  const auto names = nominated(fields, kept);
  std::erase_if(fields, [&names](const Field& field) {
    return is_of_one_connection(field.known) ||
           std::any_of(names.begin(), names.end(),
                       [&field](std::string_view name) { return equals_ignore_case(name, field.name); });
  });
}

bool is_forbidden_trailer(const Field& field) noexcept {
  return is_forbidden_behind_body(field.known) || is_reserved_twin(field);
}

bool is_reserved_twin(const Field& field) noexcept {
  return (field.known == Name::other || field.known == Name::ringside) && is_reserved_twin(field.name);
}

void OwnedTrailers::assign(const Trailers& fields) {
  clear();
  std::size_t size = 0;
  for (const Field& field : fields) size += field.name.size() + field.value.size();
  bytes_.reserve(size);  // views are taken while it is filled: it must not move
  const auto keep = [this](std::string_view text) {
    const std::size_t start = bytes_.size();
    bytes_.insert(bytes_.end(), text.begin(), text.end());
    return std::string_view(bytes_.data() + start, text.size());
  };
  for (const Field& field : fields) fields_.push_back({keep(field.name), keep(field.value), field.known});
}

void OwnedTrailers::clear() noexcept {
  bytes_.clear();
  fields_.clear();
}

bool percent_decode(std::string_view text, std::string& out) {
  out.clear();
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out.push_back(text[i]);
      continue;
    }
    if (i + 2 >= text.size()) return false;
    const int high = hex_value(text[i + 1]);
    const int low = hex_value(text[i + 2]);
    if (high < 0 || low < 0) return false;
    out.push_back(static_cast<char>(high * 16 + low));
    i += 2;
  }
  return true;
}

std::optional<std::string> percent_decode(std::string_view text) {
  std::string out;
  if (!percent_decode(text, out)) return std::nullopt;
  return out;
}

std::string percent_encode(std::string_view text) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  const auto unreserved = [](char c) {
    const char l = lower(c);
    return (l >= 'a' && l <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_' || c == '~';
  };
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    if (unreserved(c)) {
      out.push_back(c);
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    out.push_back('%');
    out.push_back(digits[byte >> 4]);
    out.push_back(digits[byte & 15]);
  }
  return out;
}

}  // namespace ringside::http
