#include "daemon/net/file_watch.hpp"

#include <sys/inotify.h>
#include <unistd.h>

#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <cstring>
#include <filesystem>
#include <set>
#include <utility>

namespace ringside::net {

struct FileWatch::State : std::enable_shared_from_this<State> {
  State(boost::asio::io_context& io, int descriptor, Changed c)
      : stream(io, descriptor), changed(std::move(c)) {}

  void read() {
    stream.async_read_some(boost::asio::buffer(buffer),
                           [self = shared_from_this()](boost::system::error_code error, std::size_t size) {
                             if (error || !self->changed) return;
                             const Changed report = self->changed;  // it may end the watch
                             if (self->concerns_us(size)) report();
                             if (self->changed) self->read();
                           });
  }

  // Whether one of the events in the buffer is about a file of ours.
  [[nodiscard]] bool concerns_us(std::size_t size) const {
    bool ours = false;
    for (std::size_t at = 0; at + sizeof(inotify_event) <= size;) {
      inotify_event event{};
      std::memcpy(&event, buffer.data() + at, sizeof event);
      const char* name = buffer.data() + at + sizeof event;
      const bool overflow = (event.mask & IN_Q_OVERFLOW) != 0;
      ours = ours || overflow || (event.len > 0 && files.contains({event.wd, std::string(name)}));
      at += sizeof event + event.len;
    }
    return ours;
  }

  boost::asio::posix::stream_descriptor stream;
  Changed changed;
  std::set<std::pair<int, std::string>> files;  // the watch of the folder, the name in it
  alignas(inotify_event) std::array<char, 4096> buffer{};
};

FileWatch::FileWatch(boost::asio::io_context& io, std::span<const std::string> paths, Changed changed) {
  const int descriptor = paths.empty() ? -1 : ::inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
  if (descriptor < 0) return;
  state_ = std::make_shared<State>(io, descriptor, std::move(changed));
  for (const std::string& text : paths) {
    const std::filesystem::path path(text);
    const std::string folder = path.has_parent_path() ? path.parent_path().string() : ".";
    const int watch = ::inotify_add_watch(descriptor, folder.c_str(), IN_CLOSE_WRITE | IN_MOVED_TO);
    if (watch >= 0) state_->files.emplace(watch, path.filename().string());
  }
  if (!state_->files.empty()) state_->read();
}

FileWatch::~FileWatch() {
  if (!state_) return;
  state_->changed = nullptr;
  boost::system::error_code ignored;
  state_->stream.close(ignored);
}

}  // namespace ringside::net
