#include "daemon/run/slots.hpp"

#include <fcntl.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "daemon/base/address.hpp"
#include "daemon/base/limits.hpp"

namespace ringside::run {
namespace {

using Json = nlohmann::ordered_json;

std::string reason() {
  return std::strerror(errno);
}

// A folder of ours that nobody else may look into. A link or a folder that somebody put there before us could
// bring us into a cluster of his.
std::optional<std::string> make_private(const std::string& path) {
  if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST)
    return "the folder " + path + " cannot be made: " + reason();
  struct stat found{};
  if (::lstat(path.c_str(), &found) != 0) return "the folder " + path + " cannot be read: " + reason();
  if (!S_ISDIR(found.st_mode)) return path + " is no folder; remove it";
  if (found.st_uid != ::geteuid())
    return "the folder " + path + " belongs to somebody else; set XDG_RUNTIME_DIR";
  if ((found.st_mode & 077) != 0) return "the folder " + path + " is open to others; chmod 700 it";
  return std::nullopt;
}

struct flock write_lock() {
  struct flock lock{};
  lock.l_type = F_WRLCK;
  lock.l_whence = SEEK_SET;
  return lock;
}

// Does an instance hold this file? It need not be opened for writing to ask.
bool is_held(int file) {
  struct flock lock = write_lock();
  lock.l_type = F_RDLCK;
  return ::fcntl(file, F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
}

std::string file_of(const std::string& folder, int slot) {
  return folder + "/" + std::to_string(slot) + ".json";
}

// What may be half written or of another version is not there yet.
std::optional<Instance> read_instance(const std::string& folder, int slot) {
  const int file = ::open(file_of(folder, slot).c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
  if (file < 0) return std::nullopt;
  std::array<char, limits::slot_bytes> text{};
  const bool held = is_held(file);
  const ssize_t size = held ? ::pread(file, text.data(), text.size(), 0) : 0;
  ::close(file);
  if (size <= 0) return std::nullopt;
  const Json json = Json::parse(text.data(), text.data() + size, nullptr, false);
  if (!json.is_object()) return std::nullopt;
  const auto at = [&json](const char* name) {
    return json.contains(name) && json[name].is_string() ? json[name].get<std::string>() : "";
  };
  Instance instance{slot, at("name"), at("peer"), at("api"), 0};
  if (json.contains("pid") && json["pid"].is_number_integer()) instance.pid = json["pid"].get<pid_t>();
  if (!parse_address(instance.peer)) return std::nullopt;
  return instance;
}

std::string base_folder(const config::Environment& environment) {
  for (const auto& [name, value] : environment)
    if (name == "XDG_RUNTIME_DIR" && value.starts_with('/') && ::access(value.c_str(), W_OK) == 0)
      return value + "/ringside";
  return "/tmp/ringside-" + std::to_string(::geteuid());
}

int watch_folder(const std::string& folder) {
  const int watch = ::inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
  // A lock that is let go is not seen, but the descriptor that is closed with it.
  if (watch >= 0) ::inotify_add_watch(watch, folder.c_str(), IN_MODIFY | IN_CLOSE_WRITE);
  return watch;
}

}  // namespace

Result<Slot, std::string> Slot::take(const config::Environment& environment, const std::string& app_id) {
  const std::string base = base_folder(environment);
  const std::string folder = base + "/" + app_id;
  for (const std::string& each : {base, folder})
    if (auto wrong = make_private(each)) return *wrong;
  for (int number = 1; number <= limits::run_slots; ++number) {
    const std::string path = file_of(folder, number);
    const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (file < 0) return path + " cannot be opened: " + reason();
    struct flock lock = write_lock();
    if (::fcntl(file, F_OFD_SETLK, &lock) == 0) return Slot(folder, number, file);
    const bool held = errno == EAGAIN || errno == EACCES;
    const std::string cause = reason();
    ::close(file);
    if (!held) return path + " cannot be locked: " + cause;
  }
  return "this machine runs " + std::to_string(limits::run_slots) +
         " instances of the app already; end some, or give this one an --app-id of its own";
}

Slot::Slot(std::string folder, int number, int file)
    : folder_(std::move(folder)), number_(number), file_(file), watch_(watch_folder(folder_)) {}

Slot::Slot(Slot&& other) noexcept
    : folder_(std::move(other.folder_)),
      number_(other.number_),
      file_(std::exchange(other.file_, -1)),
      watch_(std::exchange(other.watch_, -1)),
      self_(std::move(other.self_)),
      seeds_(std::move(other.seeds_)) {}

Slot::~Slot() {
  for (const int fd : {watch_, file_})
    if (fd >= 0) ::close(fd);
}

void Slot::announce(Instance instance) {
  self_ = std::move(instance);
  self_.slot = number_;
  const Json json{{"name", self_.name}, {"peer", self_.peer}, {"api", self_.api}, {"pid", self_.pid}};
  const std::string text = json.dump() + "\n";
  // Not by renaming: the lock is on this file.
  if (::ftruncate(file_, 0) != 0) return;
  [[maybe_unused]] const auto written = ::pwrite(file_, text.data(), text.size(), 0);
}

std::vector<Instance> Slot::instances() const {
  std::vector<Instance> all;
  for (int slot = 1; slot <= limits::run_slots; ++slot)
    if (auto instance = read_instance(folder_, slot)) all.push_back(std::move(*instance));
  return all;
}

std::string Slot::seeds_file() const {
  return folder_ + "/" + std::to_string(number_) + ".seeds";
}

// By renaming: the daemon reads the file as soon as it is there.
void Slot::write_seeds(const std::vector<Instance>& instances) {
  std::string text;
  for (const Instance& instance : instances) text += instance.peer + "\n";
  if (text == seeds_) return;
  const std::string fresh = seeds_file() + ".new";
  const int file = ::open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (file < 0) return;
  const bool written = ::write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  ::close(file);
  if (written && ::rename(fresh.c_str(), seeds_file().c_str()) == 0) seeds_ = text;
}

void Slot::drain_watch() const {
  std::array<char, 4096> events;
  while (::read(watch_, events.data(), events.size()) > 0) {
  }
}

}  // namespace ringside::run
