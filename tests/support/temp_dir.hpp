// A folder that is gone at the end of the test.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

namespace ringside::test {

class TempDir {
 public:
  TempDir() {
    std::string form = (std::filesystem::temp_directory_path() / "ringside-XXXXXX").string();
    if (::mkdtemp(form.data()) == nullptr) throw std::runtime_error("cannot make a folder like " + form);
    root_ = form;
  }
  ~TempDir() {
    std::error_code ignored;
    std::filesystem::remove_all(root_, ignored);
  }
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;

  [[nodiscard]] std::string path(const std::string& name) const { return (root_ / name).string(); }
  [[nodiscard]] std::string write(const std::string& name, const std::string& content) const {
    std::ofstream(path(name), std::ios::binary) << content;
    return path(name);
  }
  // The same for its owner alone, as secrets have to be.
  [[nodiscard]] std::string write_secret(const std::string& name, const std::string& content) const {
    const std::string written = write(name, content);
    std::filesystem::permissions(written, std::filesystem::perms::owner_read);
    return written;
  }

 private:
  std::filesystem::path root_;
};

}  // namespace ringside::test
