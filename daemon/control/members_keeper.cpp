// See members_keeper.hpp.
#include "daemon/control/members_keeper.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <boost/asio/post.hpp>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include "daemon/base/limits.hpp"
#include "daemon/control/members_file.hpp"
#include "daemon/net/whole_file.hpp"
#include "daemon/obs/log.hpp"

namespace ringside::control {
namespace {

using obs::Level;

constexpr const char* file_name = "/members";
constexpr const char* aside_ending = ".set-aside";

std::string reason() {
  return std::strerror(errno);
}

// At most one byte more than a good file has; or the number of the error.
Result<std::string, int> read_file(const std::string& path) {
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (file < 0) return errno;
  std::string text(limits::members_file_bytes + 1, '\0');
  std::size_t size = 0;
  while (size < text.size()) {
    const ssize_t got = ::read(file, text.data() + size, text.size() - size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) {
      const int error = errno;
      ::close(file);
      return error;
    }
    if (got == 0) break;
    size += static_cast<std::size_t>(got);
  }
  ::close(file);
  text.resize(size);
  return text;
}

}  // namespace

MembersKeeper::MembersKeeper(boost::asio::io_context& io, const std::string& folder, std::string cluster,
                             obs::ControlMetrics& metrics)
    : io_(io),
      path_(folder.empty() ? folder : folder + file_name),
      cluster_(std::move(cluster)),
      metrics_(metrics),
      timer_(io) {
  if (path_.empty()) return;
  disk_.emplace(1);
  read();
}

MembersKeeper::~MembersKeeper() {
  *alive_ = false;
  if (!disk_) return;
  disk_->join();
  if (!dirty_) return;
  const auto written = net::write_whole(path_, write_members_file({cluster_, addresses_}));
  if (!written) complain(written.error());
}

void MembersKeeper::read() {
  const auto text = read_file(path_);
  if (!text) {
    if (text.error() == ENOENT) return;  // the first start
    obs::log(Level::warn, "members_file_unreadable",
             {{"file", path_},
              {"cause", std::strerror(text.error())},
              {"meaning", "this member joins by its seeds alone"},
              {"remedy", "let this user read it, or remove it"}});
    return;
  }
  auto file = read_members_file(*text);
  if (!file) return set_aside(file.error());
  if (file->cluster != cluster_)
    return set_aside("is of the cluster '" + file->cluster + "', and this member is of '" + cluster_ + "'");
  remembered_ = std::move(file->addresses);
  addresses_ = remembered_;
  obs::log(Level::info, "members_remembered",
           {{"file", path_}, {"members", std::uint64_t{remembered_.size()}}});
}

void MembersKeeper::set_aside(const std::string& cause) {
  const std::string aside = path_ + aside_ending;
  const bool moved = ::rename(path_.c_str(), aside.c_str()) == 0;
  obs::log(Level::warn, "members_file_set_aside",
           {{"file", path_},
            {"cause", "the file " + cause},
            {"now", moved ? aside : "where it was: " + reason()},
            {"meaning", "this member joins by its seeds alone, and makes a new file"}});
}

void MembersKeeper::keep(std::vector<std::string> addresses) {
  if (!disk_ || addresses.empty() || addresses == addresses_) return;
  addresses_ = std::move(addresses);
  if (!dirty_) write_after(limits::members_file_pause);
}

void MembersKeeper::write_after(Duration pause) {
  dirty_ = true;
  timer_.expires_after(pause);
  timer_.async_wait([this](boost::system::error_code aborted) {
    if (!aborted) write();
  });
}

void MembersKeeper::write() {
  dirty_ = false;
  boost::asio::post(*disk_, [this, alive = alive_, text = write_members_file({cluster_, addresses_})] {
    const auto written = net::write_whole(path_, text);
    boost::asio::post(io_, [this, alive, error = written ? std::string() : written.error()] {
      if (*alive) on_written(error);
    });
  });
}

void MembersKeeper::on_written(const std::string& error) {
  (error.empty() ? metrics_.members_file_written : metrics_.members_file_failed).add();
  if (error != complaint_) complain(error);
  if (!error.empty() && !dirty_) write_after(limits::members_file_retry);
}

void MembersKeeper::complain(const std::string& error) {
  complaint_ = error;
  if (error.empty()) return;
  obs::log(Level::warn, "members_not_kept",
           {{"file", path_},
            {"cause", error},
            {"meaning", "after a restart this member knows only its seeds"},
            {"remedy", "make room, or let this user write to node.data_dir; it is tried again"}});
}

}  // namespace ringside::control
