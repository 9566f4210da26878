#include "daemon/routes/key.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "daemon/base/text.hpp"
#include "daemon/routes/words.hpp"
#include "proto/http/syntax.hpp"

namespace ringside::routes {
namespace {

// One value of several that a request may give for a name: the first, as long as all others equal it.
class OnlyValue {
 public:
  void offer(std::string_view value) {
    if (!value_) value_ = value;
    differs_ = differs_ || *value_ != value;
  }
  [[nodiscard]] std::optional<std::string_view> get() const { return value_; }
  [[nodiscard]] bool differs() const { return differs_; }

 private:
  std::optional<std::string_view> value_;
  bool differs_ = false;
};

OnlyValue find_header(const http::RequestHead& head, std::string_view name) {
  OnlyValue found;
  for (const auto& field : head.fields)
    if (http::equals_ignore_case(field.name, name)) found.offer(field.value);
  return found;
}

std::string_view trimmed(std::string_view text) {
  while (text.starts_with(' ') || text.starts_with('\t')) text.remove_prefix(1);
  while (text.ends_with(' ') || text.ends_with('\t')) text.remove_suffix(1);
  return text;
}

// RFC 6265 4.2.1: name=value pairs with semicolons, over several fields in HTTP/2 (RFC 9113 8.2.3).
OnlyValue find_cookie(const http::RequestHead& head, std::string_view name) {
  OnlyValue found;
  for (const auto& field : head.fields) {
    if (!http::equals_ignore_case(field.name, "cookie")) continue;
    for (std::string_view rest = field.value; !rest.empty();) {
      const auto pair = rest.substr(0, rest.find(';'));
      rest.remove_prefix(std::min(rest.size(), pair.size() + 1));
      const auto equals = pair.find('=');
      if (equals != pair.npos && trimmed(pair.substr(0, equals)) == name)
        found.offer(trimmed(pair.substr(equals + 1)));
    }
  }
  return found;
}

// What forms make of a text: + is a space, %XX a byte.
std::optional<std::string> form_decode(std::string_view text) {
  std::string spaced(text);
  std::ranges::replace(spaced, '+', ' ');
  return http::percent_decode(spaced);
}

OnlyValue find_parameter(const http::RequestHead& head, std::string_view name) {
  OnlyValue found;
  const auto mark = head.target.find('?');
  if (mark == head.target.npos) return found;
  for (std::string_view rest = head.target.substr(mark + 1); !rest.empty();) {
    const auto part = rest.substr(0, rest.find('&'));
    rest.remove_prefix(std::min(rest.size(), part.size() + 1));
    const auto equals = part.find('=');
    const auto raw = part.substr(0, equals);
    const bool coded = raw.find_first_of("%+") != raw.npos;
    if (coded ? form_decode(raw) == name : raw == name)
      found.offer(equals == part.npos ? std::string_view() : part.substr(equals + 1));
  }
  return found;
}

const char percent_fault[] = " holds a % that is not followed by two hex digits";

}  // namespace

Result<Key::Part, std::string> Key::parse_part(std::string_view inside, const Path& path) {
  const std::string shown = "{" + std::string(inside) + "}";
  const auto colon = inside.find(':');
  if (colon == inside.npos) {
    const auto& variables = path.variables();
    const auto found = std::ranges::find(variables, inside);
    if (found != variables.end())
      return Part{Source::variable, std::string(inside), static_cast<std::size_t>(found - variables.begin())};
    if (!is_variable_name(inside)) return shown + " is no variable; a variable is {name}";
    const auto near = closest(inside, variables);
    return "the path has no variable " + shown +
           (near.empty() ? "; a header is {header:Name}, and so are query and cookie"
                         : "; did you mean {" + near + "}?");
  }
  const auto kind = inside.substr(0, colon);
  const auto name = inside.substr(colon + 1);
  const bool token = !name.empty() && http::all_of(name, http::token_byte);
  if (kind == "header") {
    if (!token) return shown + ": " + quoted(name) + " is not the name of a header field";
    if (http::equals_ignore_case(name, "host")) return Part{Source::host, std::string(name)};
    if (http::equals_ignore_case(name, "ringside-key")) return Part{Source::header_key, std::string(name)};
    return Part{Source::header, std::string(name)};
  }
  if (kind == "query") {
    if (name.empty()) return shown + " names no query parameter";
    return Part{Source::query, std::string(name)};
  }
  if (kind == "cookie") {
    if (!token) return shown + ": " + quoted(name) + " is not the name of a cookie";
    return Part{Source::cookie, std::string(name)};
  }
  const std::vector<std::string> kinds{"header", "query", "cookie"};
  const auto near = closest(kind, kinds);
  return shown + ": " + quoted(kind) + " is not one of header, query, cookie" +
         (near.empty() ? "" : "; did you mean {" + near + ":" + std::string(name) + "}?");
}

Result<Key, std::string> Key::parse(std::string_view text, const Path& path) {
  if (text.size() > limits::route_text_bytes)
    return "the key has " + std::to_string(text.size()) + " bytes, the limit is " +
           std::to_string(limits::route_text_bytes);
  // Without braces it would be the same text for every request, which nobody means who writes this.
  for (const std::string_view kind : {"header:", "query:", "cookie:"})
    if (text.starts_with(kind)) return quoted(text) + " is a text; did you mean {" + std::string(text) + "}?";
  Key key;
  while (!text.empty()) {
    const auto brace = text.find_first_of("{}");
    if (brace > 0) key.parts_.push_back({Source::text, std::string(text.substr(0, brace))});
    if (brace == text.npos) break;
    const auto close = text.find_first_of("{}", brace + 1);
    if (text[brace] == '}' || close == text.npos || text[close] == '{')
      return std::string(text[brace] == '}' ? "a } stands without its {" : "a { is not closed");
    auto part = parse_part(text.substr(brace + 1, close - brace - 1), path);
    if (!part) return std::move(part).error();
    key.parts_.push_back(std::move(*part));
    text.remove_prefix(close + 1);
  }
  if (key.parts_.size() > limits::route_key_parts)
    return "more than " + std::to_string(limits::route_key_parts) + " parts";
  return key;
}

std::string Key::name_of(const Part& part) {
  switch (part.source) {
    case Source::text: return part.text;
    case Source::variable: return "path variable " + quoted(part.text);
    case Source::header:
    case Source::header_key:
    case Source::host: return "header " + quoted(part.text);
    case Source::query: return "query parameter " + quoted(part.text);
    case Source::cookie: return "cookie " + quoted(part.text);
  }
  return {};
}

Found Key::add(const Part& part, const http::RequestHead& head, const Values& values, std::string& key,
               std::string& why) {
  const auto bad = [&](const std::string& what) {
    why = "the " + name_of(part) + what;
    return Found::bad;
  };
  const auto take = [&](std::string_view value) {
    if (value.empty()) return bad(" is empty");
    key += value;
    return Found::yes;
  };
  const auto take_decoded = [&](const std::optional<std::string>& value) {
    return value ? take(*value) : bad(percent_fault);
  };
  const auto take_only = [&](const OnlyValue& found, bool coded) {
    if (!found.get()) {
      why = name_of(part);
      return Found::no;
    }
    if (found.differs()) return bad(" is there several times, with different values");
    return coded ? take_decoded(form_decode(*found.get())) : take(*found.get());
  };
  switch (part.source) {
    case Source::text: key += part.text; return Found::yes;
    case Source::variable: {
      const auto value = values[part.variable];
      return value.find('%') == value.npos ? take(value) : take_decoded(http::percent_decode(value));
    }
    case Source::header: return take_only(find_header(head, part.text), false);
    case Source::header_key: {
      std::string text;
      const Found found = routes::header_key(head, text);
      if (found == Found::yes) return take(text);
      why = found == Found::no ? name_of(part) : std::move(text);
      return found;
    }
    case Source::host: {
      const auto at = key.size();
      OnlyValue host;
      if (!head.authority.empty()) host.offer(head.authority);
      const Found found = take_only(host, false);
      std::transform(key.begin() + static_cast<std::ptrdiff_t>(at), key.end(),
                     key.begin() + static_cast<std::ptrdiff_t>(at),
                     [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
      return found;
    }
    case Source::query: return take_only(find_parameter(head, part.text), true);
    case Source::cookie: return take_only(find_cookie(head, part.text), false);
  }
  return Found::no;
}

Found Key::make(const http::RequestHead& head, const Values& values, std::string& out) const {
  out.clear();
  std::string why;
  Found result = Found::yes;
  for (const Part& part : parts_) {
    const Found found = add(part, head, values, out, why);
    if (found == Found::yes) continue;
    result = found;
    break;
  }
  if (result == Found::yes) {
    why = key_fault(out);
    if (!why.empty()) result = Found::bad;
  }
  if (result != Found::yes) out = std::move(why);
  return result;
}

}  // namespace ringside::routes
