#include "proto/ringpop/proxy.hpp"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "proto/http/syntax.hpp"

namespace ringside::ringpop {
namespace {

using Json = nlohmann::ordered_json;
using wire::WireErrc;
using wire::WireError;

constexpr int depth_max = 16;
constexpr int no_status_below = 200, no_status_from = 600;

// Fields of which node's http module keeps the first and drops the rest.
constexpr std::array<std::string_view, 18> kept_once{
    "age",           "authorization", "content-length", "content-type",        "etag",
    "expires",       "from",          "host",           "if-modified-since",   "if-unmodified-since",
    "last-modified", "location",      "max-forwards",   "proxy-authorization", "referer",
    "retry-after",   "server",        "user-agent"};

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return out;
}

// Bytes as code points 0 to 255, in UTF-8.
std::string to_text(std::string_view bytes) {
  std::string out;
  out.reserve(bytes.size());
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x80) {
      out += c;
    } else {
      out += static_cast<char>(0xc0 | byte >> 6);
      out += static_cast<char>(0x80 | (byte & 0x3f));
    }
  }
  return out;
}

// The way back; nothing for a code point over 255. `text` is UTF-8: the parser has seen to it.
std::optional<std::string> to_bytes(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if (byte < 0x80) {
      out += text[i];
    } else if ((byte == 0xc2 || byte == 0xc3) && i + 1 < text.size()) {
      out += static_cast<char>((byte & 0x03) << 6 | (static_cast<unsigned char>(text[++i]) & 0x3f));
    } else {
      return std::nullopt;
    }
  }
  return out;
}

Json headers(const ProxyFields& fields) {
  Json json = Json::object();
  for (const auto& [name, value] : fields) {
    const std::string key = lower(name);
    std::string text = to_text(value);
    const auto known = json.find(key);
    if (key == "set-cookie") {
      json[key].push_back(std::move(text));
    } else if (known == json.end()) {
      json[key] = std::move(text);
    } else if (std::ranges::find(kept_once, key) == kept_once.end()) {
      known->get_ref<std::string&>() += (key == "cookie" ? "; " : ", ") + text;
    }
  }
  return json;
}

// Reads one head; the first thing that is wrong ends it.
class Head {
 public:
  Head(std::string_view text, const ProxyLimits& limits) : limits_(limits) {
    if (text.size() > limits.head_bytes)
      fail(WireErrc::too_large);
    else
      parse(text);
  }
  [[nodiscard]] const std::optional<WireError>& error() const { return error_; }

  // nullptr when it is missing or null, or after an error.
  const Json* value(const char* name) {
    if (error_) return nullptr;
    const auto found = json_.find(name);
    return found == json_.end() || found->is_null() ? nullptr : &*found;
  }
  std::string text(const char* name, http::ByteClass bytes, std::size_t max) {
    const Json* json = value(name);
    if (json == nullptr) return {};
    if (!json->is_string()) return fail(WireErrc::bad_value), std::string();
    std::string text = json->get<std::string>();
    if (text.size() > max) return fail(WireErrc::too_large), std::string();
    if (!http::all_of(text, bytes)) return fail(WireErrc::bad_value), std::string();
    return text;
  }
  std::optional<std::uint32_t> checksum() {
    const Json* json = value("ringpopChecksum");
    if (json == nullptr) return std::nullopt;
    if (!json->is_number_unsigned() || json->get<std::uint64_t>() > 0xffffffff)
      return fail(WireErrc::bad_value), std::nullopt;
    return json->get<std::uint32_t>();
  }
  std::vector<std::string> keys() {
    std::vector<std::string> keys;
    const Json* json = value("ringpopKeys");
    if (json == nullptr) return keys;
    if (!json->is_array()) return fail(WireErrc::bad_value), keys;
    if (json->size() > limits_.keys) return fail(WireErrc::too_many), keys;
    for (const Json& key : *json) {
      if (!key.is_string() && !key.is_number_integer()) return fail(WireErrc::bad_value), keys;
      keys.push_back(key.is_string() ? key.get<std::string>() : key.dump());
      if (keys.back().size() > limits_.key_bytes) return fail(WireErrc::too_large), keys;
    }
    return keys;
  }
  ProxyFields fields() {
    ProxyFields fields;
    const Json* json = value("headers");
    if (json == nullptr) return fields;
    if (!json->is_object()) return fail(WireErrc::bad_value), fields;
    for (const auto& [name, value] : json->items()) {
      if (!value.is_array()) {
        add(fields, name, value);
        continue;
      }
      for (const Json& each : value) add(fields, name, each);
    }
    return fields;
  }
  int status() {
    const Json* json = value("statusCode");
    if (json == nullptr) return ProxyResponse{}.status;
    if (!json->is_number_unsigned() || json->get<std::uint64_t>() < no_status_below ||
        json->get<std::uint64_t>() >= no_status_from)
      return fail(WireErrc::bad_value), 0;
    return json->get<int>();
  }
  void fail(WireErrc code) {
    if (!error_) error_ = WireError{code, 0};
  }

 private:
  void parse(std::string_view text) {
    bool deep = false;
    json_ = Json::parse(
        text,
        [&deep](int depth, Json::parse_event_t, Json&) {
          deep = deep || depth > depth_max;
          return !deep;
        },
        false);
    if (deep) return fail(WireErrc::too_many);
    if (!json_.is_object()) fail(WireErrc::bad_value);
  }
  void add(ProxyFields& fields, const std::string& name, const Json& value) {
    if (error_ || value.is_null()) return;
    if (fields.size() >= limits_.fields) return fail(WireErrc::too_many);
    std::optional<std::string> bytes;
    if (value.is_string()) {
      bytes = to_bytes(value.get_ref<const std::string&>());
    } else if (value.is_number_integer()) {
      bytes = value.dump();
    }
    if (!bytes || !http::all_of(name, http::token_byte) ||
        !std::ranges::all_of(*bytes, [](char c) { return http::is(c, http::value_byte); }))
      return fail(WireErrc::bad_value);
    field_bytes_ += name.size() + bytes->size();
    if (field_bytes_ > limits_.field_bytes) return fail(WireErrc::too_large);
    fields.emplace_back(lower(name), std::string(http::trim(*bytes)));
  }

  const ProxyLimits& limits_;
  Json json_;
  std::optional<WireError> error_;
  std::size_t field_bytes_ = 0;
};

}  // namespace

std::string encode(const ProxyRequest& request) {
  Json json;
  json["url"] = to_text(request.url);
  json["headers"] = headers(request.fields);
  json["method"] = to_text(request.method);
  json["httpVersion"] = request.http_version;
  json["ringpopChecksum"] = request.checksum ? Json(*request.checksum) : Json();
  json["ringpopKeys"] = request.keys;
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string encode(const ProxyResponse& response) {
  Json json;
  json["statusCode"] = response.status;
  json["headers"] = headers(response.fields);
  return json.dump();
}

Parsed<ProxyRequest> decode_proxy_request(std::string_view text, const ProxyLimits& limits) {
  Head head(text, limits);
  ProxyRequest request;
  request.url = head.text("url", http::target_byte, limits.url_bytes);
  request.fields = head.fields();
  request.method = head.text("method", http::token_byte, limits.method_bytes);
  if (const auto version = head.text("httpVersion", http::token_byte, limits.method_bytes); !version.empty())
    request.http_version = version;
  request.checksum = head.checksum();
  request.keys = head.keys();
  if (request.method.empty() || !request.url.starts_with('/')) head.fail(WireErrc::bad_value);
  // As our HTTP readers have it: no tunnel, no echo, and no name that an app may take for a reserved one.
  if (request.method == "CONNECT" || request.method == "TRACE") head.fail(WireErrc::bad_value);
  std::erase_if(request.fields, [](const auto& field) { return http::is_reserved_twin(field.first); });
  if (head.error()) return *head.error();
  return request;
}

Parsed<ProxyResponse> decode_proxy_response(std::string_view text, const ProxyLimits& limits) {
  Head head(text, limits);
  ProxyResponse response;
  response.status = head.status();
  response.fields = head.fields();
  if (head.error()) return *head.error();
  return response;
}

}  // namespace ringside::ringpop
