"""Facebook: Messenger and the comments below the posts of one page."""
