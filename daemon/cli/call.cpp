// call: a small curl for the app behind a key. The body goes to stdout as it comes; what ringside says about
// the way it took goes to stderr.
#include <algorithm>
#include <fstream>
#include <istream>
#include <iterator>

#include "daemon/base/text.hpp"
#include "daemon/cli/api_client.hpp"
#include "daemon/cli/verb.hpp"
#include "proto/http/message.hpp"

namespace ringside::cli {
namespace {

// DATA itself, @file or @- for standard input.
Result<std::string, std::string> read_data(Terminal& terminal, const std::string& data) {
  if (!data.starts_with('@')) return Result<std::string, std::string>(boost::system::in_place_value, data);
  std::ifstream file;
  if (data != "@-") file.open(data.substr(1), std::ios::binary);
  std::istream& in = data == "@-" ? terminal.in : file;
  std::string bytes((std::istreambuf_iterator<char>(in)), {});
  if (data != "@-" && !file.is_open())
    return Result<std::string, std::string>(boost::system::in_place_error,
                                            "the file " + data.substr(1) + " cannot be read");
  return Result<std::string, std::string>(boost::system::in_place_value, std::move(bytes));
}

bool has_field(const HttpRequest& request, std::string_view name) {
  return std::ranges::any_of(request.fields,
                             [&](const auto& f) { return http::equals_ignore_case(f.first, name); });
}

// Fields that the client writes itself: a second one would make the request ambiguous.
bool is_framing(std::string_view name) {
  for (const std::string_view own : {"host", "content-length", "transfer-encoding", "connection"})
    if (http::equals_ignore_case(name, own)) return true;
  return false;
}

std::optional<std::string> add_field(HttpRequest& request, const std::string& text) {
  const auto colon = text.find(':');
  if (colon == std::string::npos || colon == 0) return "-H is written 'Name: value', not '" + text + "'";
  const std::string name = text.substr(0, colon);
  if (is_framing(name)) return "-H cannot set " + name + ", ringside writes it itself";
  const auto start = text.find_first_not_of(' ', colon + 1);
  const std::string value = start == std::string::npos ? "" : text.substr(start);
  if (text.find_first_of(std::string_view("\r\n\0", 3)) != std::string::npos)
    return "-H cannot hold line ends";
  request.fields.emplace_back(name, value);
  return std::nullopt;
}

struct Fault {
  Exit exit;
  std::string text;
};

Result<HttpRequest, Fault> build(Terminal& terminal, const Arguments& arguments) {
  const std::string& path = arguments.words[1];
  if (!path.starts_with('/')) return Fault{usage, "the path starts with a slash: /" + path};
  if (std::ranges::any_of(path, [](char c) { return static_cast<unsigned char>(c) <= ' ' || c == 0x7F; }))
    return Fault{usage,
                 "the path holds a blank or control character; write it percent-encoded, a blank is %20"};
  if (arguments.words[0].empty()) return Fault{usage, "the key is empty"};
  auto request = request_for(terminal, "/v1/route/" + http::percent_encode(arguments.words[0]) + path);
  for (const std::string& field : arguments.all("--header"))
    if (auto fault = add_field(request, field)) return Fault{usage, *fault};
  if (const auto data = arguments.get("--data")) {
    auto body = read_data(terminal, *data);
    if (!body) return Fault{failed, body.error()};
    request.body = std::move(*body);
    request.has_body = true;
    request.method = "POST";
    if (!has_field(request, "Content-Type"))
      request.fields.emplace_back("Content-Type", "application/x-www-form-urlencoded");
  }
  request.method = arguments.get("--request").value_or(request.method);
  return request;
}

void print_head(std::ostream& out, const HttpResponse& head) {
  out << "HTTP/1.1 " << head.status << " " << head.reason << "\r\n";
  for (const auto& [name, value] : head.fields) out << name << ": " << value << "\r\n";
  out << "\r\n";
}

void print_way(std::ostream& err, const HttpResponse& head) {
  err << "< " << head.status << " " << head.reason << "\n";
  for (const auto& [name, value] : head.fields)
    if (http::equals_ignore_case(std::string_view(name).substr(0, 9), "ringside-"))
      err << "< " << name << ": " << value << "\n";
}

}  // namespace

int call(Terminal& terminal, const Arguments& arguments) {
  const auto address = api_address(terminal, arguments);
  if (!address) return fail(terminal, usage, address.error());
  const auto timeout = parse_duration(arguments.get("--timeout").value_or("30s"));
  if (!timeout || *timeout <= Millis{0})
    return fail(terminal, usage, "--timeout is a duration like 800ms or 30s");
  const auto request = build(terminal, arguments);
  if (!request) return fail(terminal, request.error().exit, request.error().text);

  std::string problem;  // a sidecar's own answer is small; kept to say the remedy again in plain words
  bool own_answer = false;
  const Sink sink{[&](const HttpResponse& head) {
                    own_answer = !head.field("Ringside-Error").empty();
                    if (arguments.has("--include"))
                      print_head(terminal.out, head);
                    else
                      print_way(terminal.err, head);
                  },
                  [&](std::string_view piece) {
                    terminal.out << piece;
                    if (own_answer) problem += piece;
                  }};
  auto response = fetch(*address, *request, *timeout, sink);
  terminal.out << std::flush;
  if (!response) return fail(terminal, exit_of(response.error()), response.error().text);
  if (!own_answer) return response->status >= 500 ? failed : ok;
  response->body = std::move(problem);
  return fail(terminal, failed, problem_text(*response));
}

}  // namespace ringside::cli
