-- The role that was called member is called developer.
UPDATE `members` SET `role` = 'developer' WHERE `role` = 'member';
