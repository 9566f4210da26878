# What `cmake --install` puts where, and the Debian package that cpack makes of it (scripts/dev package does all of it).
# Manual pages and completions are what the finished binary says of itself, so they come after it.
include(GNUInstallDirs)
set(share ${CMAKE_BINARY_DIR}/share)
find_program(RINGSIDE_SCDOC scdoc)
find_program(RINGSIDE_PYTHON python3)

install(TARGETS ringside RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(FILES config/ringside.yaml config/README.md DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(DIRECTORY config/compose config/prometheus config/grafana DESTINATION ${CMAKE_INSTALL_DOCDIR}/examples)

if(RINGSIDE_SCDOC AND RINGSIDE_PYTHON AND NOT RINGSIDE_SANITIZE)
  set(pages ${share}/ringside.1.gz ${share}/ringside.yaml.5.gz)
  set(completions ${share}/ringside ${share}/_ringside ${share}/ringside.fish)
  file(GLOB page_sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/config/man/*.scd)
  add_custom_command(OUTPUT ${pages} ${completions}
    COMMAND ${RINGSIDE_PYTHON} ${CMAKE_SOURCE_DIR}/scripts/lib/pages.py --binary $<TARGET_FILE:ringside> --out ${share}
    DEPENDS ringside ${CMAKE_SOURCE_DIR}/scripts/lib/pages.py ${page_sources}
    COMMENT "Manual pages and completions" VERBATIM)
  add_custom_target(ringside_pages ALL DEPENDS ${pages} ${completions})
  install(FILES ${share}/ringside.1.gz DESTINATION ${CMAKE_INSTALL_MANDIR}/man1 OPTIONAL)
  install(FILES ${share}/ringside.yaml.5.gz DESTINATION ${CMAKE_INSTALL_MANDIR}/man5 OPTIONAL)
  install(FILES ${share}/ringside DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions OPTIONAL)
  install(FILES ${share}/_ringside DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/vendor-completions OPTIONAL)
  install(FILES ${share}/ringside.fish DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d OPTIONAL)
endif()

# The service and its settings have one place each, and the unit names /usr/bin: they belong to no other prefix.
install(CODE "
  if(CMAKE_INSTALL_PREFIX STREQUAL \"/usr\")
    file(INSTALL DESTINATION /lib/systemd/system TYPE FILE FILES \"${CMAKE_SOURCE_DIR}/config/systemd/ringside.service\")
    file(INSTALL DESTINATION /etc/ringside TYPE FILE FILES \"${CMAKE_SOURCE_DIR}/config/debian/ringside.yaml\")
    file(INSTALL DESTINATION /usr/share/doc/ringside TYPE FILE FILES \"${CMAKE_SOURCE_DIR}/config/debian/copyright\"
         \"${share}/changelog.gz\")
  endif()")
configure_file(${CMAKE_SOURCE_DIR}/config/debian/changelog.in ${share}/changelog @ONLY)
execute_process(COMMAND gzip -9nf ${share}/changelog)

set(CMAKE_SKIP_INSTALL_ALL_DEPENDENCY ON)  # packs what is built; scripts/dev package builds what it needs
set(CPACK_GENERATOR DEB)
set(CPACK_SET_DESTDIR ON)
set(CPACK_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_PACKAGE_NAME ringside)
set(CPACK_PACKAGE_CONTACT "The ringside authors <ringside@packages.invalid>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "sidecar that hands each request to the instance that owns its key")
set(CPACK_DEBIAN_PACKAGE_DESCRIPTION
"Each instance of a service gets a ringside beside it. The ringsides find each
other by gossip, agree on a consistent hash ring, and hand every request for a
key to the one instance that owns the key, whichever of them it came to. The
service keeps its state in memory, speaks plain HTTP and needs no library.")
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION net)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_DEPENDS "init-system-helpers (>= 1.54~)")
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA ${CMAKE_SOURCE_DIR}/config/debian/conffiles
    ${CMAKE_SOURCE_DIR}/config/debian/postinst ${CMAKE_SOURCE_DIR}/config/debian/prerm ${CMAKE_SOURCE_DIR}/config/debian/postrm)
include(CPack)
