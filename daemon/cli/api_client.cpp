#include "daemon/cli/api_client.hpp"

#include <nlohmann/json.hpp>

#include "daemon/security/secret.hpp"
#include "daemon/security/tokens.hpp"

namespace ringside::cli {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::uint16_t default_port = 7600;
constexpr std::string_view default_address = "127.0.0.1:7600";

std::string text_at(const Json& json, const char* name) {
  return json.is_object() && json.contains(name) && json[name].is_string() ? json[name].get<std::string>()
                                                                           : "";
}

std::string sentence(std::string text) {
  if (!text.empty() && text.back() != '.') text += '.';
  return text;
}

// What a flag says, else the variable beside it that is not empty, and which of them it was.
struct Said {
  std::string text;
  std::string_view by;  // empty: neither says anything
};
Said said(const Terminal& terminal, const Arguments& arguments, std::string_view flag,
          std::string_view variable) {
  if (auto text = arguments.get(flag)) return {std::move(*text), flag};
  Said found;
  for (const auto& [name, value] : terminal.environment)
    if (name == variable && !value.empty()) found = {value, variable};
  return found;
}

}  // namespace

Result<Address, std::string> parse_api_address(std::string_view text) {
  if (text.starts_with("unix:///")) return parse_address("unix:" + std::string(text.substr(7)));
  return parse_http_address(text, default_port);
}

Result<Endpoint, std::string> api_endpoint(const Terminal& terminal, const Arguments& arguments,
                                           std::string_view text) {
  auto address = parse_api_address(text);
  if (!address) return std::move(address).error();
  Endpoint endpoint{std::move(*address)};
  if (!endpoint.address.tls) return endpoint;
  const Said file = said(terminal, arguments, "--ca-file", "RINGSIDE_CA_FILE");
  std::string ca;
  if (!file.text.empty()) {
    const auto read = security::read_public_file(file.text);
    if (!read) return std::string(file.by) + ": " + read.error();
    ca = read->text;
  }
  auto tls = security::Tls::of_client(ca, file.text);
  if (!tls) return std::move(tls).error();
  endpoint.tls = std::move(*tls);
  return endpoint;
}

Result<Endpoint, std::string> api_address(const Terminal& terminal, const Arguments& arguments) {
  const Said address = said(terminal, arguments, "--addr", "RINGSIDE_ADDR");
  if (address.by.empty()) return api_endpoint(terminal, arguments, default_address);
  auto endpoint = api_endpoint(terminal, arguments, address.text);
  if (!endpoint) return std::string(address.by) + " is '" + address.text + "': " + endpoint.error();
  return endpoint;
}

HttpRequest request_for(const Terminal& terminal, const std::string& path) {
  HttpRequest request;
  request.target = path;
  if (!terminal.token.empty()) request.fields.emplace_back("Ringside-Token", terminal.token);
  return request;
}

Result<void, std::string> load_token(Terminal& terminal, const Arguments& arguments) {
  const Said said_file = said(terminal, arguments, "--token-file", "RINGSIDE_API_TOKEN_FILE");
  const std::string& file = said_file.text;
  if (file.empty()) return {};
  const auto text = security::read_secret_file(file);
  const auto token = text ? security::strongest_token(text->text) : std::nullopt;
  if (token) {
    terminal.token = *token;
    return {};
  }
  const std::string why = text ? file + " holds no token; `ringside token new` makes one" : text.error();
  if (said_file.by == "--token-file") return "--token-file: " + why;
  terminal.err << "ringside: asking without a token, RINGSIDE_API_TOKEN_FILE: " << why << "\n";
  return {};
}

Exit exit_of(const Failure& failure) {
  switch (failure.kind) {
    case Failure::Kind::unreachable: return not_reachable;
    case Failure::Kind::timed_out: return timed_out;
    case Failure::Kind::broken: return failed;
  }
  return failed;
}

std::string problem_text(const HttpResponse& response) {
  const Json body = Json::parse(response.body, nullptr, false);
  const std::string code = text_at(body, "code");
  if (code.empty()) return "the answer is " + std::to_string(response.status) + " " + response.reason;
  std::string text = code + ": " + sentence(text_at(body, "detail")) + " " + text_at(body, "remedy");
  if (const auto errors = body.find("errors"); errors != body.end() && errors->is_array())
    for (const Json& error : *errors)
      if (error.is_string()) text += "\n  " + error.get<std::string>();
  return text;
}

namespace {

// Gives the body of a good answer; tells about any other.
Result<std::string, Exit> exchange(Terminal& terminal, const Endpoint& address, const HttpRequest& request) {
  auto response = fetch(address, request, ask_timeout);
  if (!response) {
    fail(terminal, exit_of(response.error()), response.error().text);
    return exit_of(response.error());
  }
  const bool asks = request.method == "GET";
  if (asks ? response->status == 200 || response->status == 207 : response->status / 100 == 2)
    return std::move(response->body);
  const Exit exit = response->status == 404 ? not_found : failed;
  fail(terminal, exit, problem_text(*response));
  return exit;
}

}  // namespace

Result<std::string, Exit> ask(Terminal& terminal, const Endpoint& address, const std::string& path) {
  return exchange(terminal, address, request_for(terminal, path));
}

Result<std::string, Exit> ask(Terminal& terminal, const Endpoint& address, const HttpRequest& request) {
  return exchange(terminal, address, request);
}

Result<std::string, Exit> ask(Terminal& terminal, const Arguments& arguments, const std::string& path) {
  const auto address = api_address(terminal, arguments);
  if (address) return ask(terminal, *address, path);
  fail(terminal, usage, address.error());
  return usage;
}

Result<std::string, Exit> tell(Terminal& terminal, const Endpoint& address, std::string method,
                               const std::string& path, std::string json_body) {
  HttpRequest request = request_for(terminal, path);
  request.method = std::move(method);
  request.body = std::move(json_body);
  request.has_body = true;
  if (!request.body.empty()) request.fields.emplace_back("Content-Type", "application/json");
  return exchange(terminal, address, request);
}

Result<std::string, Exit> tell(Terminal& terminal, const Arguments& arguments, std::string method,
                               const std::string& path, std::string json_body) {
  const auto address = api_address(terminal, arguments);
  if (address) return tell(terminal, *address, std::move(method), path, std::move(json_body));
  fail(terminal, usage, address.error());
  return usage;
}

}  // namespace ringside::cli
