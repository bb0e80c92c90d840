-- Links for a new password are kept as hashes from here on; those that stand in clear no longer work.
delete from auth.verification where identifier like 'reset-password:%';
