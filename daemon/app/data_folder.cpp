#include "daemon/app/data_folder.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace ringside::app {
namespace {

std::string failed(const std::string& what, const std::string& path) {
  return "cannot " + what + " " + path + ": " + std::strerror(errno);
}

}  // namespace

DataFolder::~DataFolder() {
  if (lock_ >= 0) ::close(lock_);
}

Result<void, std::string> DataFolder::open(const std::string& path) {
  if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) return "node.data_dir: " + failed("make", path);
  const std::string lock = path + "/lock";
  lock_ = ::open(lock.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (lock_ < 0) return "node.data_dir: " + failed("write", lock);
  if (::flock(lock_, LOCK_EX | LOCK_NB) == 0) return {};
  if (errno != EWOULDBLOCK) return "node.data_dir: " + failed("lock", lock);
  return "node.data_dir: another ringside uses " + path + "; give each a folder of its own";
}

}  // namespace ringside::app
