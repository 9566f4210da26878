// Says when a file was written, replaced or made, so that it can be read again at once. The folder is
// watched, not the file: editors and deployers replace files by renaming. Where the system cannot watch (no
// folder, no watches left) nothing is said, and the reader's own schedule has to do. Lives in the thread of
// its io_context.
#pragma once

#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>
#include <span>
#include <string>

namespace ringside::net {

class FileWatch {
 public:
  using Changed = std::function<void()>;
  FileWatch(boost::asio::io_context&, std::span<const std::string> paths, Changed changed);
  ~FileWatch();  // nothing is called after it
  FileWatch(const FileWatch&) = delete;
  FileWatch& operator=(const FileWatch&) = delete;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace ringside::net
