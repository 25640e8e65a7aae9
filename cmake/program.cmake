# The program: src/app/main.cpp over every module.
if(EXISTS ${PROJECT_SOURCE_DIR}/src/app/main.cpp)
  add_executable(millrace src/app/main.cpp)
  target_link_libraries(millrace mr_app)
endif()
