# The program: main.cc and the wiring of all rooms in eai_cli.
add_executable(eai ${CMAKE_SOURCE_DIR}/src/cli/main.cc)
target_link_libraries(eai PRIVATE eai_cli eai_flags)
