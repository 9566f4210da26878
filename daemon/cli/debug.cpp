// debug bundle: what a node shows on its pages, put into one file. A page that cannot be had is there as the
// reason why, so that a node in trouble has a bundle too.
#include <algorithm>
#include <array>
#include <chrono>
#include <ctime>
#include <nlohmann/json.hpp>

#include "daemon/cli/api_client.hpp"
#include "daemon/cli/new_file.hpp"
#include "daemon/cli/output.hpp"
#include "daemon/cli/tar.hpp"
#include "daemon/cli/verb.hpp"

namespace ringside::cli {
namespace {

using Json = nlohmann::ordered_json;

struct Page {
  const char* file;
  const char* path;
};
constexpr std::array pages{Page{"self.json", "/v1/self"},
                           Page{"members.json", "/v1/members"},
                           Page{"ring.json", "/v1/ring"},
                           Page{"ranges.json", "/v1/ring/ranges"},
                           Page{"partitions.json", "/v1/partitions"},
                           Page{"app.json", "/v1/app"},
                           Page{"drain.json", "/v1/drain"},
                           Page{"config.json", "/v1/config"},
                           Page{"stats.json", "/v1/stats"},
                           Page{"metrics.txt", "/metrics"},
                           Page{"events.txt", "/v1/events?follow=false"},
                           Page{"logs.txt", "/v1/logs?level=trace"}};

constexpr std::size_t name_bytes = 40;  // of the node, in file names: those in an archive have at most 100

std::string now_text() {
  const std::time_t now = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
  std::tm utc{};
  ::gmtime_r(&now, &utc);
  std::array<char, 32> text{};
  return {text.data(), std::strftime(text.data(), text.size(), "%Y%m%dT%H%M%SZ", &utc)};
}

std::string text_of(const std::string& self, const char* field) {
  const Json json = Json::parse(self, nullptr, false);
  return json.is_object() && json.contains(field) && json[field].is_string() ? json[field].get<std::string>()
                                                                             : std::string();
}

}  // namespace

int debug(Terminal& terminal, const Arguments& arguments) {
  if (arguments.words[0] != "bundle")
    return fail(terminal, usage, "say what to do: ringside debug bundle [--file FILE]");
  const auto address = api_address(terminal, arguments);
  if (!address) return fail(terminal, usage, address.error());
  std::vector<TarFile> files;
  std::string self;
  for (const Page& page : pages) {
    const auto answer = fetch(*address, request_for(terminal, page.path), ask_timeout);
    if (!answer && files.empty()) return fail(terminal, exit_of(answer.error()), answer.error().text);
    const bool good = answer && answer->status == 200;
    std::string why;
    if (!good) why = (answer ? problem_text(*answer) : answer.error().text) + "\n";
    if (good && files.empty()) self = answer->body;
    files.push_back({std::string(page.file) + (good ? "" : ".failed"), good ? answer->body : why});
  }
  const std::string time = now_text();
  files.push_back(
      {"versions.json",
       Json{{"command_line", RINGSIDE_VERSION}, {"node", text_of(self, "ringside_version")}, {"made", time}}
               .dump() +
           "\n"});
  std::string name = text_of(self, "name").substr(0, name_bytes);
  std::ranges::replace(name, '/', '-');
  const std::string folder = "ringside-" + (name.empty() ? "node" : name) + "-" + time;
  for (TarFile& file : files) file.name = folder + "/" + file.name;
  const std::string to = arguments.get("--file").value_or(folder + ".tar");
  if (const auto wrong = write_new(to, tar(files), 0600); !wrong.empty())
    return fail(terminal, failed, wrong);
  print(terminal, arguments, Json{{"file", to}}.dump(), "", [&](const std::string&) { return to + "\n"; });
  return ok;
}

}  // namespace ringside::cli
