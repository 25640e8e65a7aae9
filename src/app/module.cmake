# The lines that chat reads
target_link_libraries(mr_app PUBLIC millrace::edit)
