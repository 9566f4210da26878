#include "daemon/run/state_folder.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <string_view>

namespace ringside::run {
namespace {

using Made = Result<std::string, std::string>;

Made wrong(std::string why) {
  return Made(boost::system::in_place_error, std::move(why));
}

// The absolute path of a variable; what is no such path does not count (XDG Base Directory Specification).
std::string path_in(const config::Environment& environment, std::string_view variable) {
  for (const auto& [name, value] : environment)
    if (name == variable && value.starts_with('/')) return value;
  return {};
}

}  // namespace

Result<std::string, std::string> state_folder(const config::Environment& environment,
                                              const std::string& app_id, int slot) {
  std::string base = path_in(environment, "XDG_STATE_HOME");
  if (base.empty()) {
    base = path_in(environment, "HOME");
    if (base.empty()) return wrong("neither XDG_STATE_HOME nor HOME names a folder");
    base += "/.local/state";
  }
  const std::string folder = base + "/ringside/" + app_id + "/" + std::to_string(slot);
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) return wrong("the folder " + folder + " cannot be made: " + error.message());
  if (::chmod(folder.c_str(), 0700) != 0 || ::access(folder.c_str(), W_OK) != 0)
    return wrong("the folder " + folder + " cannot be written");
  return Made(boost::system::in_place_value, folder);
}

}  // namespace ringside::run
