#include "daemon/cli/dev_probe.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <set>

#include "daemon/base/text.hpp"
#include "daemon/cli/api_client.hpp"

namespace ringside::cli {
namespace {

using Json = nlohmann::ordered_json;
using namespace std::chrono_literals;

constexpr Millis sample_timeout = 500ms;
constexpr Millis load_timeout = 1000ms;
constexpr Millis load_pause = 40ms;
constexpr auto load_report = 100ms;
constexpr std::size_t text_bytes = 128 * 1024;
// Of a node's app, whoever asked first.
constexpr std::array served_requests{R"(ringside_requests_total{path="local"})",
                                     R"(ringside_requests_total{path="received"})"};

// nullopt: nothing has come in this time; "": the other end is gone.
std::optional<std::string> receive(int mailbox, Millis wait) {
  pollfd source{mailbox, POLLIN, 0};
  if (::poll(&source, 1, static_cast<int>(wait.count())) <= 0) return std::nullopt;
  std::string text(text_bytes, '\0');
  const ssize_t size = ::recv(mailbox, text.data(), text.size(), 0);
  text.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
  return text;
}

void send(int mailbox, const std::string& text) {
  [[maybe_unused]] const auto sent = ::send(mailbox, text.data(), text.size(), MSG_NOSIGNAL);
}

// The body of a 200, or nothing.
std::optional<std::string> get(const std::string& api, const std::string& page) {
  const auto address = parse_api_address(api);
  if (!address) return std::nullopt;
  HttpRequest request;
  request.target = page;
  const auto response = fetch({*address}, request, sample_timeout);
  if (!response || response->status != 200) return std::nullopt;
  return response->body;
}

std::uint64_t count_requests(const std::string& metrics) {
  std::uint64_t all = 0;
  for (const std::string& line : split(metrics, '\n'))
    for (const char* name : served_requests)
      if (line.starts_with(name)) all += std::strtoull(line.c_str() + line.rfind(' '), nullptr, 10);
  return all;
}

Json take_sample(const std::map<int, std::string>& apis) {
  Json nodes = Json::object();
  Json members = Json::object();
  for (const auto& [number, api] : apis) {
    const auto list = get(api, "/v1/members");
    const auto metrics = list ? get(api, "/metrics") : std::nullopt;
    if (!metrics) continue;
    const Json view = Json::parse(*list, nullptr, false);
    if (!view.is_object()) continue;
    nodes[std::to_string(number)] = {{"checksum", view.at("checksum")},
                                     {"requests", count_requests(*metrics)}};
    for (const Json& member : view.at("members")) {
      const std::string name = member.at("name");
      const bool self = member.at("self");
      if (members.contains(name) && (self || !members[name]["self"].get<bool>())) continue;
      members[name] = {{"status", member.at("status")},
                       {"app", member.at("app")},
                       {"share", member.at("share")},
                       {"self", self}};
    }
  }
  return {{"nodes", nodes}, {"members", members}};
}

bool good(const std::string& api, std::uint64_t key) {
  const auto address = parse_api_address(api);
  if (!address) return false;
  HttpRequest request;
  request.target = "/v1/route/key:" + std::to_string(key % 1000) + "/load";
  const auto response = fetch({*address}, request, load_timeout);
  return response && response->status < 500;
}

std::string change_fault(const std::string& api, const std::string& method, const std::string& peer) {
  const auto address = parse_api_address(api);
  if (!address) return address.error();
  HttpRequest request;
  request.method = method;
  request.target = "/v1/faults/" + peer;
  request.has_body = method == "PUT";
  if (request.has_body) request.body = R"({"drop": true})";
  const auto response = fetch({*address}, request, sample_timeout);
  if (!response) return response.error().text;
  return response->status == 200 ? "" : problem_text(*response);
}

// Of one node: everything is mended, then the way to each of the other side is cut.
std::string cut(int node, const std::string& api, const Json& told) {
  std::string wrong = change_fault(api, "DELETE", "*");
  const auto is_cut_off = [&](int number) {
    for (const Json& each : told.at("cut_off"))
      if (each == number) return true;
    return false;
  };
  for (const auto& [other, ignored] : told.at("apis").items())
    if (wrong.empty() && is_cut_off(std::stoi(other)) != is_cut_off(node))
      wrong = change_fault(api, "PUT", "n" + other);
  return wrong;
}

}  // namespace

Helper::Helper(void (*body)(int mailbox)) {
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()) != 0) return;
  fd_ = ends[0];
  thread_ = std::thread([body, mailbox = ends[1]] {
    body(mailbox);
    ::close(mailbox);
  });
}

Helper::~Helper() {
  if (fd_ < 0) return;
  ::shutdown(fd_, SHUT_RDWR);
  thread_.join();
  ::close(fd_);
}

void Helper::tell(const std::string& text) const {
  if (fd_ >= 0) send(fd_, text);
}

std::optional<std::string> Helper::hear() const {
  auto text = receive(fd_, 0ms);
  return text && !text->empty() ? text : std::nullopt;
}

bool Sample::agreed() const {
  std::set<std::string> views;
  for (const auto& [number, node] : nodes) views.insert(node.checksum);
  return views.size() == 1;
}

void run_sampler(int mailbox) {
  for (;;) {
    const auto text = receive(mailbox, 1h);
    if (!text) continue;
    if (text->empty()) return;
    std::map<int, std::string> apis;
    const Json told = Json::parse(*text);
    for (const auto& [number, api] : told.items()) apis[std::stoi(number)] = api;
    Json sample{{"nodes", Json::object()}, {"members", Json::object()}};
    try {
      sample = take_sample(apis);
    } catch (const Json::exception&) {  // of another version, or no ringside: nobody has answered
    }
    send(mailbox, sample.dump());
  }
}

std::string sampler_text(const std::map<int, std::string>& apis) {
  Json text = Json::object();
  for (const auto& [number, api] : apis) text[std::to_string(number)] = api;
  return text.dump();
}

Sample read_sample(const std::string& text) {
  const Json json = Json::parse(text);
  Sample sample;
  for (const auto& [number, node] : json.at("nodes").items())
    sample.nodes[std::stoi(number)] = {node.at("checksum"), node.at("requests")};
  for (const auto& [name, member] : json.at("members").items())
    sample.members[name] = {member.at("status"), member.at("app"), member.at("share")};
  return sample;
}

void run_loader(int mailbox) {
  std::vector<std::string> apis;
  Json count{{"good", 0}, {"bad", 0}};
  std::uint64_t key = static_cast<std::uint64_t>(mailbox) * 131;  // the loaders do not walk in step
  Instant reported = Clock::now();
  for (;;) {
    if (const auto text = receive(mailbox, apis.empty() ? Millis(1h) : load_pause)) {
      if (text->empty()) return;
      apis.clear();
      for (const Json& api : Json::parse(*text)) apis.push_back(api);
    }
    if (apis.empty()) continue;
    ++key;
    Json& counted = count[good(apis[key % apis.size()], key) ? "good" : "bad"];
    counted = counted.get<std::uint64_t>() + 1;
    if (Clock::now() - reported < load_report) continue;
    reported = Clock::now();
    send(mailbox, count.dump());
    count = {{"good", 0}, {"bad", 0}};
  }
}

std::string loader_text(const std::vector<std::string>& apis) {
  return Json(apis).dump();
}

LoadCount read_load(const std::string& text) {
  const Json json = Json::parse(text);
  return {json.at("good"), json.at("bad")};
}

void run_cutter(int mailbox) {
  for (;;) {
    const auto text = receive(mailbox, 1h);
    if (!text) continue;
    if (text->empty()) return;
    const Json told = Json::parse(*text);
    std::string wrong;
    for (const auto& [number, api] : told.at("apis").items())
      if (const auto one = cut(std::stoi(number), api, told); !one.empty())
        wrong += (wrong.empty() ? "" : "; ") + ("n" + number) + ": " + one;
    if (!wrong.empty()) send(mailbox, wrong);
  }
}

std::string cutter_text(const std::map<int, std::string>& apis, const std::set<int>& cut_off) {
  Json all = Json::object();
  for (const auto& [number, api] : apis) all[std::to_string(number)] = api;
  return Json{{"apis", all}, {"cut_off", cut_off}}.dump();
}

}  // namespace ringside::cli
