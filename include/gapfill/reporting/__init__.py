"""Reports in one place: JSON documents, the form that XCom carries, and log lines."""
