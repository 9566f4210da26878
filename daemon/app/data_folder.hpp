// The folder of this member alone, node.data_dir: made when it is not there, and locked, so that no two
// daemons write into one (a cloned volume, a copied unit). Main thread.
#pragma once

#include <string>

#include "daemon/base/result.hpp"

namespace ringside::app {

class DataFolder {
 public:
  DataFolder() = default;  // none
  ~DataFolder();
  DataFolder(const DataFolder&) = delete;
  DataFolder& operator=(const DataFolder&) = delete;

  // The error is one sentence with the folder, the cause and the remedy. Its lock goes with this object, or
  // with the process.
  [[nodiscard]] Result<void, std::string> open(const std::string& path);

 private:
  int lock_ = -1;
};

}  // namespace ringside::app
